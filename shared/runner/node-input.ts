import { hasBit } from '../core/bits.ts';
import type { Bindings } from '../core/expression.ts';
import { compileExpression } from '../core/expression.ts';
import { evaluateMapping } from '../core/mapping.ts';
import { findNode, nodeAt, type Plan, type PlanNode } from '../core/plan.ts';
import { guardReferences, referencesIn, type SecretUse, withReferences } from '../core/secret-references.ts';
import type { NodeId } from '../model/ids.ts';
import type { MetaItem, ResultItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import type { BoundedCache } from '../store/bounded-cache.ts';
import type { Store } from '../store/store.ts';

/** Of first runs, by execution and node: they never change. */
export type SharedResults = BoundedCache<ResultItem | undefined>;

/** The data a visit can see. Loads only what its expressions name. Of secrets it has the references. */
export class NodeInput {
  /** Whether there may be references to secrets in what it gives: only then is any of it looked through for them. */
  readonly mayHoldSecrets: boolean;
  readonly #store: Store;
  readonly #plan: Plan;
  readonly #meta: MetaItem;
  readonly #node: PlanNode;
  readonly #visit: number;
  readonly #queuedAtMs: number;
  readonly #shared: SharedResults | undefined;
  #input: Promise<Json> | undefined;
  readonly #results = new Map<NodeId, ResultItem | undefined>();

  /** @param parts `known`: results that need not be read again; `shared`: results that others have read, too */
  constructor(parts: {
    store: Store;
    plan: Plan;
    meta: MetaItem;
    node: PlanNode;
    visit: number;
    queuedAtMs: number;
    known?: readonly ResultItem[];
    shared?: SharedResults | undefined;
  }) {
    this.#shared = parts.shared;
    this.#store = parts.store;
    this.#plan = parts.plan;
    this.#meta = parts.meta;
    this.#node = parts.node;
    this.#visit = parts.visit;
    this.#queuedAtMs = parts.queuedAtMs;
    for (const result of parts.known ?? []) this.#results.set(result.node, result);
    this.mayHoldSecrets = parts.node.namesSecrets || parts.meta.globalsHoldSecrets === true;
  }

  workflowInput(): Promise<Json> {
    return this.#store.payloads.load(this.#meta.input);
  }

  async globals(): Promise<Readonly<Record<string, Json>>> {
    if (this.#meta.globals === undefined) return {};
    const globals = await this.#store.payloads.load(this.#meta.globals);
    const byName =
      typeof globals === 'object' && globals !== null && !Array.isArray(globals)
        ? (globals as Readonly<Record<string, Json>>)
        : {};
    if (this.#meta.globalsHoldSecrets !== true) return byName;
    return Object.fromEntries(Object.entries(byName).map(([name, value]) => [name, withReferences(value)]));
  }

  /** What the node receives unless it maps its own: as its strategy says. A parent without a success gives null. */
  async defaultInput(): Promise<Json> {
    const parents = this.#node.parents.map((parent) => nodeAt(this.#plan, parent).id);
    const [only] = parents;
    if (only === undefined) return this.workflowInput();
    await this.#load(parents);
    if (this.#plan.definition.strategy === 'sequential') return this.#lastOutputBefore(this.#node.index);
    if (parents.length === 1) return this.#output(only);
    const outputs: Record<string, Json> = {};
    for (const parent of parents) outputs[parent] = await this.#output(parent);
    return outputs;
  }

  /** The output of the nearest earlier step that was not skipped; of none, the workflow's input. */
  async #lastOutputBefore(index: number): Promise<Json> {
    for (let step = index - 1; step >= 0; step--) {
      const { id } = nodeAt(this.#plan, step);
      await this.#load([id]);
      if (this.#results.get(id)?.status !== 'SKIPPED') return this.#output(id);
    }
    return this.workflowInput();
  }

  /** The node's input: its mapping's value, or the default. Resolved once. */
  input(): Promise<Json> {
    this.#input ??= this.#resolve(this.#node.definition.input);
    return this.#input;
  }

  /** The same for an expression to look at. */
  async context(): Promise<Json> {
    const input = await this.input();
    return this.mayHoldSecrets ? guardReferences(input) : input;
  }

  /** The references to secrets in a value that an expression of this visit gave. */
  secretsIn(value: Json): readonly SecretUse[] {
    return this.mayHoldSecrets ? [...referencesIn(value)] : [];
  }

  async #resolve(mapping: Json | undefined): Promise<Json> {
    const context = await this.defaultInput();
    if (mapping === undefined) return context;
    return evaluateMapping(mapping, context, await this.bindings([mapping]));
  }

  /** The variables that the expressions in `mappings` can name. */
  async bindings(mappings: readonly Json[], extra: Bindings = {}): Promise<Bindings> {
    const variables = new Set<string>();
    const references = new Set<NodeId>();
    for (const source of mappings.flatMap(expressionsIn)) {
      const expression = compileExpression(source);
      for (const name of expression.variables) variables.add(name);
      for (const id of this.#node.references) if (expression.references.has(id)) references.add(id);
    }
    await this.#load([...references]);
    const nodes: Record<string, Json> = {};
    const errors: Record<string, Json> = {};
    for (const id of references) {
      nodes[id] = await this.#output(id);
      const error = this.#results.get(id)?.error;
      if (error !== undefined) errors[id] = { name: error.name, message: error.message };
    }
    const { executionId, workflow, startedAtMs } = this.#meta;
    return {
      nodes,
      errors,
      execution: { id: executionId, workflow, startedAtMs },
      // The time the node was queued, so that a repeated attempt computes the same.
      now: () => new Date(this.#queuedAtMs).toISOString(),
      millis: () => this.#queuedAtMs,
      ...(variables.has('input') && { input: await this.workflowInput() }),
      ...(variables.has('globals') && { globals: await this.globals() }),
      ...extra,
    };
  }

  async #load(ids: readonly NodeId[]): Promise<void> {
    const missing = ids.filter((id) => !this.#results.has(id));
    if (missing.length === 0) return;
    const { executionId, resultShards, run } = this.#meta;
    if (this.#plan.kind === 'route') {
      // Of its own visits only earlier ones: a run before this one may have left a result of this very visit.
      const before = (id: NodeId) => (id === this.#node.id ? this.#visit : undefined);
      await Promise.all(
        missing.map(async (id) =>
          this.#results.set(id, await this.#store.results.loadLatest(this.#meta, id, before(id))),
        ),
      );
      return;
    }
    const [only, ...more] = missing;
    if (this.#shared !== undefined && run === 1 && only !== undefined && more.length === 0) {
      const key = { executionId, resultShards, run, node: only, visit: 1 };
      const load = () => this.#store.results.find(key);
      this.#results.set(only, await this.#shared.get(`${executionId} ${only}`, load));
      return;
    }
    const found = await this.#store.results.loadResults(
      this.#meta,
      missing.map((node) => ({ node, visit: 1 })),
      this.#plan.nodes.length,
    );
    const standing = run > 1 ? await this.#standing(found) : found;
    for (const id of missing) this.#results.set(id, standing.get(id));
  }

  /**
   * Of a redriven execution a result of an earlier run stands only if the redrive kept it. One that came after that run's
   * end may lie about for a node that is still to run, or is skipped now: only the state tells.
   */
  async #standing(found: ReadonlyMap<NodeId, ResultItem>): Promise<ReadonlyMap<NodeId, ResultItem>> {
    const { executionId, run } = this.#meta;
    if ([...found.values()].every((result) => result.run === run)) return found;
    const item = await this.#store.executions.loadState(executionId);
    const state = item?.state.kind === 'graph' ? item.state : undefined;
    const isKept = ({ node, status }: ResultItem): boolean => {
      const index = findNode(this.#plan, node)?.index;
      if (state === undefined || index === undefined) return false;
      const set = { SUCCEEDED: state.succeeded, FAILED: state.failed, SKIPPED: state.skipped }[status];
      return hasBit(set, index);
    };
    return new Map([...found].filter(([, result]) => result.run === run || isKept(result)));
  }

  async #output(id: NodeId): Promise<Json> {
    const result = this.#results.get(id);
    return result?.status === 'SUCCEEDED' && result.output !== undefined
      ? this.#store.payloads.load(result.output)
      : null;
  }
}

/** Whether any expression in a mapping may look at its context. */
export const usesContext = (mapping: Json): boolean =>
  expressionsIn(mapping).some((source) => compileExpression(source).usesContext);

function expressionsIn(mapping: Json): string[] {
  if (typeof mapping === 'string') return mapping.startsWith('{%') && mapping.endsWith('%}') ? [mapping] : [];
  if (typeof mapping !== 'object' || mapping === null) return [];
  return Object.values(mapping).flatMap(expressionsIn);
}
