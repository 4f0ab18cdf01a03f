import { compile } from '../../../shared/core/compile.ts';
import { decide, initialState } from '../../../shared/core/decide.ts';
import type { CoreEvent, WorkRef } from '../../../shared/core/events.ts';
import { toJson } from '../../../shared/core/json.ts';
import { evaluateCondition, evaluateMapping } from '../../../shared/core/mapping.ts';
import { nodeAt, type Plan, type PlanNode } from '../../../shared/core/plan.ts';
import { isRetryable } from '../../../shared/core/retry.ts';
import { toErrorInfo } from '../../../shared/errors.ts';
import type { TaskNode } from '../../../shared/model/definition.ts';
import { ExecutionId, NodeId } from '../../../shared/model/ids.ts';
import type { Json } from '../../../shared/model/json.ts';
import type { ErrorInfo } from '../../../shared/model/result.ts';
import type { AnyHandler } from '../../../shared/nodes/define-node.ts';
import type { NodeContext } from '../../../shared/nodes/node-context.ts';
import { NodeResult } from '../../../shared/nodes/node-result.ts';

/** How a run of `runWorkflow` ended. */
export interface Outcome {
  readonly status: string;
  readonly outputs: Readonly<Record<string, Json>>;
  readonly errors: Readonly<Record<string, ErrorInfo>>;
  /** Ids of the nodes whose handler or transform ran, in order; loops repeat them. */
  readonly ran: readonly string[];
  readonly attempts: Readonly<Record<string, number>>;
}

export function aNodeContext(overrides: Partial<NodeContext> = {}): NodeContext {
  const ignore = () => {};
  return {
    executionId: ExecutionId.parse('execution-1'),
    nodeId: NodeId.parse('node'),
    visit: 1,
    attempt: 1,
    idempotencyKey: 'execution-1-node-1',
    signal: new AbortController().signal,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    globals: {},
    ...overrides,
  };
}

/** One attempt: the schemas around the handler, a failed `NodeResult` thrown, the output as JSON. */
export async function runHandler(handler: AnyHandler, input: unknown, context = aNodeContext()): Promise<Json> {
  const accepted: unknown = handler.input === undefined ? input : handler.input.parse(input);
  const returned: unknown = await handler.execute(accepted, context);
  if (returned instanceof NodeResult && !returned.success) throw returned.error ?? new Error('failed');
  const output: unknown = returned instanceof NodeResult ? returned.output : returned;
  return toJson(handler.output === undefined ? output : handler.output.parse(output), handler.type);
}

/** Runs a definition with the engine's own core and nothing else: no queue, no store, no waiting between attempts. */
export async function runWorkflow(source: unknown, handlers: readonly AnyHandler[], input: Json): Promise<Outcome> {
  const run = new Run(compile(source), new Map(handlers.map((handler) => [handler.type, handler])), input);
  return run.toTheEnd();
}

class Run {
  readonly #plan: Plan;
  readonly #handlers: ReadonlyMap<string, AnyHandler>;
  readonly #input: Json;
  readonly #outputs: Record<string, Json> = {};
  readonly #errors: Record<string, ErrorInfo> = {};
  readonly #attempts: Record<string, number> = {};
  readonly #ran: string[] = [];
  readonly #items = new Map<number, Json[]>();

  constructor(plan: Plan, handlers: ReadonlyMap<string, AnyHandler>, input: Json) {
    this.#plan = plan;
    this.#handlers = handlers;
    this.#input = input;
  }

  async toTheEnd(): Promise<Outcome> {
    let { state, dispatch } = decide(this.#plan, initialState(this.#plan, 100), []);
    const open = [...dispatch];
    for (let work = open.shift(); work !== undefined; work = open.shift()) {
      ({ state, dispatch } = decide(this.#plan, state, [await this.#do(work)]));
      open.push(...dispatch);
    }
    return {
      status: state.ending?.status ?? 'STUCK',
      outputs: this.#outputs,
      errors: this.#errors,
      ran: this.#ran,
      attempts: this.#attempts,
    };
  }

  async #do(work: WorkRef): Promise<CoreEvent> {
    if (work.kind === 'settle') return { type: 'settleElapsed' };
    const { node: index, visit } = work;
    const node = nodeAt(this.#plan, index);
    const { definition } = node;
    if (work.kind === 'node') return this.#runNode(node, visit);
    if (definition.type !== 'map') throw new Error(`${node.id} is no map`);
    const size = definition.chunkSize ?? 1;
    if (work.kind === 'plan') {
      const items = await evaluateMapping(definition.items ?? '{% $ %}', this.#defaultInput(node), this.#bindings());
      if (!Array.isArray(items)) throw new Error(`The items of ${node.id} are no array`);
      this.#items.set(index, items);
      this.#outputs[node.id] = items.map(() => null);
      return { type: 'mapPlanned', node: index, visit, items: items.length, chunks: Math.ceil(items.length / size) };
    }
    if (work.kind !== 'chunk') return { type: 'settled', node: index, visit, status: 'SUCCEEDED', next: null };
    const items = this.#items.get(index) ?? [];
    const outputs = [...Object.values(this.#outputs[node.id] ?? [])];
    for (let item = work.chunk * size; item < Math.min(items.length, (work.chunk + 1) * size); item++) {
      const bindings = { ...this.#bindings(), item: items[item], index: item };
      const itemInput = await evaluateMapping(
        definition.itemInput ?? '{% $item %}',
        this.#defaultInput(node),
        bindings,
      );
      outputs[item] = await runHandler(
        this.#handler(definition.handler),
        itemInput,
        aNodeContext({ nodeId: node.id, itemIndex: item }),
      );
    }
    this.#outputs[node.id] = outputs;
    return { type: 'chunkSettled', node: index, visit, chunk: work.chunk, failedItems: 0 };
  }

  async #runNode(node: PlanNode, visit: number): Promise<CoreEvent> {
    const { definition, id, index } = node;
    const context = this.#defaultInput(node);
    if (definition.runIf !== undefined && !(await evaluateCondition(definition.runIf, context, this.#bindings()))) {
      return { type: 'settled', node: index, visit, status: 'SKIPPED', next: null };
    }
    this.#ran.push(id);
    try {
      if (definition.type === 'transform')
        this.#outputs[id] = await evaluateMapping(definition.output, context, this.#bindings());
      if (definition.type === 'task') this.#outputs[id] = await this.#attempt(node, definition, visit, context);
    } catch (error) {
      this.#errors[id] = toErrorInfo(error);
      return { type: 'settled', node: index, visit, status: 'FAILED', next: null };
    }
    return { type: 'settled', node: index, visit, status: 'SUCCEEDED', next: await this.#next(node) };
  }

  async #attempt(
    node: PlanNode,
    { handler, retry, fallback, input }: TaskNode,
    visit: number,
    context: Json,
  ): Promise<Json> {
    const resolved = input === undefined ? context : await evaluateMapping(input, context, this.#bindings());
    for (let attempt = 1; ; attempt++) {
      this.#attempts[node.id] = attempt;
      try {
        return await runHandler(this.#handler(handler), resolved, aNodeContext({ nodeId: node.id, visit, attempt }));
      } catch (error) {
        const mark = typeof error === 'object' && error !== null && 'retryable' in error ? error.retryable : undefined;
        const again = retry !== undefined && attempt <= retry.maxRetries;
        if (again && isRetryable(retry, toErrorInfo(error), typeof mark === 'boolean' ? mark : undefined)) continue;
        if (fallback === undefined) throw error;
        return runHandler(this.#handler(fallback.handler), resolved, aNodeContext({ nodeId: node.id, visit }));
      }
    }
  }

  async #next({ id, definition }: PlanNode): Promise<number | null> {
    const output = this.#outputs[id];
    for (const { when, next } of definition.choices ?? []) {
      if (await evaluateCondition(when, this.#input, { ...this.#bindings(), output }))
        return this.#plan.indexOf.get(next) ?? null;
    }
    return this.#plan.indexOf.get(definition.next ?? '$end') ?? null;
  }

  #defaultInput({ parents }: PlanNode): Json {
    const outputOf = (parent: number): Json => this.#outputs[nodeAt(this.#plan, parent).id] ?? null;
    const [first] = parents;
    if (first === undefined) return this.#input;
    if (parents.length === 1) return outputOf(first);
    return Object.fromEntries(parents.map((parent) => [nodeAt(this.#plan, parent).id, outputOf(parent)]));
  }

  #bindings() {
    return { input: this.#input, nodes: this.#outputs, errors: this.#errors };
  }

  #handler(type: string): AnyHandler {
    const handler = this.#handlers.get(type);
    if (handler === undefined) throw new Error(`No handler ${type}`);
    return handler;
  }
}
