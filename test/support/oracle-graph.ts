import type { Definition, NodeDefinition, TriggerRule } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { own } from './oracle-expressions.ts';
import { configOf, type Expected, expectNode } from './oracle-node.ts';

export type Status = 'SUCCEEDED' | 'FAILED' | 'SKIPPED';

/** Which nodes a node waits for. */
export function parentsOf({ strategy, nodes }: Definition, id: string): readonly string[] {
  if (strategy === 'parallel') return own<NodeDefinition>(nodes, id)?.dependsOn ?? [];
  const ids = Object.keys(nodes);
  return ids.slice(Math.max(0, ids.indexOf(id) - 1), ids.indexOf(id));
}

/** Whether the rule lets a node run, or says it never will; `undefined`: it must wait. */
export function mayRun(rule: TriggerRule, parents: readonly (Status | undefined)[]): boolean | undefined {
  if (parents.length === 0) return true;
  const has = (status: Status) => parents.includes(status);
  const isDone = !parents.includes(undefined);
  switch (rule) {
    case 'all_done':
      return isDone ? true : undefined;
    case 'any_success':
      return has('SUCCEEDED') ? true : isDone ? false : undefined;
    case 'any_failed':
      return has('FAILED') ? true : isDone ? false : undefined;
    case 'all_success':
      return has('FAILED') || has('SKIPPED') ? false : isDone ? true : undefined;
    case 'all_failed':
      return has('SUCCEEDED') || has('SKIPPED') ? false : isDone ? true : undefined;
    case 'none_failed':
      return has('FAILED') ? false : isDone ? true : undefined;
  }
}

export interface GraphOutcome {
  /** Every node that runs if nothing stops the execution, with how it ends. What is not here is skipped by its rule. */
  readonly nodes: ReadonlyMap<string, Expected>;
  /** Failures nothing absorbs: any of them may be the one that ends the execution. */
  readonly fatal: readonly string[];
  readonly output: Json;
}

/** Runs the whole graph, one node after another. Which node runs, and how it ends, depends on no timing. */
export function expectGraph(definition: Definition, input: Json): GraphOutcome {
  const ids = Object.keys(definition.nodes);
  const status = new Map<string, Status>();
  const nodes = new Map<string, Expected>();
  const outputs: Record<string, Json> = {};
  const errors = new Map<string, string>();
  while (status.size < ids.length) {
    for (const id of ids.filter((other) => !status.has(other))) {
      const node = own<NodeDefinition>(definition.nodes, id);
      const parents = parentsOf(definition, id);
      // Only when all are done: what runs earlier under an any_* rule ends the same.
      if (node === undefined || parents.some((parent) => !status.has(parent))) continue;
      if (
        mayRun(
          ruleOf(definition, id),
          parents.map((parent) => status.get(parent)),
        ) !== true
      ) {
        status.set(id, 'SKIPPED');
        continue;
      }
      const givers = definition.strategy === 'sequential' ? carriedOn(ids, id, status) : parents;
      const scope = { context: defaultInput(givers, outputs, input), input, outputs, errors };
      const expected = expectNode(node, scope, 1, configOf(definition));
      nodes.set(id, expected);
      status.set(id, expected.status);
      if (expected.status === 'SUCCEEDED') outputs[id] = expected.output ?? null;
      if (expected.error !== undefined) errors.set(id, expected.error);
    }
  }
  return {
    nodes,
    fatal: ids.filter((id) => status.get(id) === 'FAILED' && !isAbsorbed(definition, id, status)),
    output: outputOf(definition, outputs),
  };
}

/** A skipped step does not end a sequence. */
export const ruleOf = ({ strategy, nodes }: Definition, id: string): TriggerRule =>
  own<NodeDefinition>(nodes, id)?.triggerRule ?? (strategy === 'sequential' ? 'none_failed' : 'all_success');

/** In a sequence, what the last step before that was not skipped gave. */
function carriedOn(ids: readonly string[], id: string, status: ReadonlyMap<string, Status>): readonly string[] {
  const before = ids.slice(0, ids.indexOf(id)).filter((other) => status.get(other) !== 'SKIPPED');
  return before.slice(-1);
}

function defaultInput(parents: readonly string[], outputs: Readonly<Record<string, Json>>, input: Json): Json {
  const [only] = parents;
  if (only === undefined) return input;
  if (parents.length === 1) return own(outputs, only) ?? null;
  return Object.fromEntries(parents.map((parent) => [parent, own(outputs, parent) ?? null]));
}

/** A dependent ran in spite of it, or cleans up (`all_done`) behind dependents that were skipped. */
function isAbsorbed(definition: Definition, failed: string, status: ReadonlyMap<string, Status>): boolean {
  const dependents = (id: string) =>
    Object.keys(definition.nodes).filter((other) => parentsOf(definition, other).includes(id));
  const isCleanedUpBehind = (id: string): boolean =>
    dependents(id).some((child) =>
      status.get(child) === 'SKIPPED' ? isCleanedUpBehind(child) : ruleOf(definition, child) === 'all_done',
    );
  return dependents(failed).some((child) => (status.get(child) === 'SKIPPED' ? isCleanedUpBehind(child) : true));
}

function outputOf(definition: Definition, outputs: Readonly<Record<string, Json>>): Json {
  const ids = Object.keys(definition.nodes);
  const sinks = ids.filter((id) => !ids.some((other) => parentsOf(definition, other).includes(id)));
  const [only] =
    definition.strategy === 'sequential' ? ids.filter((id) => Object.hasOwn(outputs, id)).slice(-1) : sinks;
  if (sinks.length === 1) return only === undefined ? null : (own(outputs, only) ?? null);
  return Object.fromEntries(sinks.filter((id) => Object.hasOwn(outputs, id)).map((id) => [id, outputs[id] ?? null]));
}
