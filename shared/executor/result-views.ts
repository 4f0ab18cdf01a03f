import type { MetaItem, ResultItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import { isTerminal, type NodeResultView } from '../model/result.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { presentState } from './present-state.ts';
import { succeededVisits } from './progress.ts';

/** A result as its readers see it. */
export async function viewResult(
  { payloads }: Store,
  meta: MetaItem,
  result: ResultItem,
  withOutputs: boolean | 'inline',
): Promise<NodeResultView> {
  if (withOutputs === 'inline') return viewInline(meta, result);
  const { output, failures } = result;
  return {
    ...viewBare(meta, result),
    ...(withOutputs && output !== undefined && { output: await payloads.load(output) }),
    ...(withOutputs && failures !== undefined && { failures: JSON.parse(await payloads.loadText(failures)) }),
  };
}

/** The same, with the output if it lies with the result. */
export function viewInline(meta: MetaItem, result: ResultItem): NodeResultView {
  const { output } = result;
  const view = viewBare(meta, result);
  return output !== undefined && 'inline' in output ? { ...view, output: JSON.parse(output.inline) } : view;
}

function viewBare({ status, endedAtMs }: MetaItem, result: ResultItem): NodeResultView {
  return {
    nodeId: result.node,
    visit: result.visit,
    run: result.run,
    status: result.status,
    source: result.source,
    error: result.error,
    ...(result.fallbackError !== undefined && { fallbackError: result.fallbackError }),
    // A success waits for all of its nodes: whatever the clocks of those who wrote them say, none is late.
    ...(endedAtMs !== undefined && status !== 'SUCCEEDED' && result.endedAtMs > endedAtMs && { late: true }),
    attempts: result.attempts,
    queuedAtMs: result.queuedAtMs,
    startedAtMs: result.startedAtMs,
    endedAtMs: result.endedAtMs,
  };
}

/** Outputs by node id: only of results the state counts, for what came after the end is not among them. */
export async function loadPartialResults(store: Store, snapshot: Snapshot): Promise<Record<string, Json>> {
  const { meta } = snapshot;
  const plan = await store.definitions.loadPlan(meta.workflow, meta.definitionHash);
  const state = isTerminal(meta.status) ? snapshot.state?.state : await presentState(store, plan, snapshot);
  if (state === undefined) return {};
  const visits = succeededVisits(plan, state);
  const among = plan.kind === 'graph' ? plan.nodes.length : undefined;
  const results = await store.results.loadResults(meta.executionId, meta.run, visits, among);
  const outputs: Record<string, Json> = {};
  for (const { node } of visits) {
    const result = results.get(node);
    if (result?.status === 'SUCCEEDED')
      outputs[node] = result.output === undefined ? null : await store.payloads.load(result.output);
  }
  return outputs;
}
