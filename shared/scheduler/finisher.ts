import { hasBit, membersOf } from '../core/bits.ts';
import { type GraphPlan, nodeAt, type Plan } from '../core/plan.ts';
import { FanjoinError, toErrorInfo } from '../errors.ts';
import type { NodeId } from '../model/ids.ts';
import type { MetaItem, ResultItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import type { Payload } from '../model/result.ts';
import type { Ending, ExecutionState } from '../model/state.ts';
import type { TerminalWrite } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';

/**
 * What the terminal write of an ended execution says: its output or error, from the standing results. Of reasons to stop
 * the first stands, and only META knows it: what failed because it was stopped is no failure.
 */
export async function composeEnding(
  store: Store,
  plan: Plan,
  meta: MetaItem,
  state: ExecutionState,
  ending: Ending,
  nowMs: number,
): Promise<TerminalWrite> {
  const status = ending.status === 'FAILED' && meta.stop !== undefined ? meta.stop.reason : ending.status;
  const base = { status, endedAtMs: nowMs };
  switch (status) {
    case 'SUCCEEDED':
      try {
        return { ...base, output: await composeOutput(store, plan, meta, state) };
      } catch (error) {
        // All nodes succeeded, and what they gave together is more than can be kept: no repetition mends that.
        if (!(error instanceof FanjoinError) || error.retryable) throw error;
        return { ...base, status: 'FAILED', error: toErrorInfo(error) };
      }
    case 'FAILED':
      return { ...base, ...(await composeError(store, plan, meta, ending)) };
    case 'TIMED_OUT':
      return {
        ...base,
        error: {
          name: 'ExecutionTimedOut',
          code: 'EXECUTION_TIMED_OUT',
          message: `The execution took longer than its ${meta.config.timeoutSeconds} s`,
        },
      };
    case 'CANCELLED':
      return {
        ...base,
        error: { name: 'ExecutionCancelled', code: 'EXECUTION_CANCELLED', message: 'The execution was cancelled' },
      };
  }
}

async function composeOutput(store: Store, plan: Plan, meta: MetaItem, state: ExecutionState): Promise<Payload> {
  const visits =
    plan.kind === 'graph'
      ? outputNodes(plan, state).map((node) => ({ node: nodeAt(plan, node).id, visit: 1 }))
      : lastVisits(plan, state);
  const results = await store.results.loadResults(meta.executionId, meta.run, visits);
  const [only] = visits;
  if (plan.kind === 'graph' && (plan.sinks.length === 1 || plan.definition.strategy === 'sequential')) {
    return (only && results.get(only.node)?.output) ?? { inline: 'null' };
  }
  const outputs: Record<string, Json> = {};
  for (const { node } of visits) {
    const output = outputOf(results, node);
    if (output !== undefined) outputs[node] = await store.payloads.load(output);
  }
  return store.payloads.save(outputs, `executions/${meta.executionId}/output`);
}

/** A sink that failed or was skipped has no part in the output. */
const outputOf = (results: ReadonlyMap<NodeId, ResultItem>, node: NodeId): Payload | undefined => {
  const result = results.get(node);
  return result?.status === 'SUCCEEDED' ? (result.output ?? { inline: 'null' }) : undefined;
};

/** In a sequence the last step that was not skipped; in a graph all sinks. */
function outputNodes(plan: GraphPlan, state: ExecutionState): readonly number[] {
  if (state.kind !== 'graph') return [];
  // A late result of an earlier run may lie about for a sink that was skipped in this one.
  if (plan.definition.strategy !== 'sequential') return plan.sinks.filter((sink) => hasBit(state.succeeded, sink));
  return [...membersOf(state.succeeded)].slice(-1);
}

function lastVisits(plan: Plan, state: ExecutionState): { node: NodeId; visit: number }[] {
  if (state.kind !== 'route') return [];
  return Object.entries(state.visits).map(([node, visit]) => ({ node: nodeAt(plan, Number(node)).id, visit }));
}

async function composeError(
  store: Store,
  plan: Plan,
  meta: MetaItem,
  { failedVisit, error }: Ending,
): Promise<Pick<TerminalWrite, 'error' | 'failedNode'>> {
  if (error !== undefined) return { error };
  if (failedVisit === undefined) return { error: { name: 'ExecutionFailed', message: 'The execution failed' } };
  const node = nodeAt(plan, failedVisit.node).id;
  const result = await store.results.loadResult({
    executionId: meta.executionId,
    run: meta.run,
    node,
    visit: failedVisit.visit,
  });
  return { failedNode: node, error: result?.error ?? { name: 'NodeFailed', message: `The node '${node}' failed` } };
}
