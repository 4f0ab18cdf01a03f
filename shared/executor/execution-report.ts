import { type BilledOperations, type BilledStack, computeBilledOperations } from '../billing/billed-operations.ts';
import type { Definition } from '../model/definition.ts';
import { isTerminal, type NodeResultView } from '../model/result.ts';
import type { Item } from '../ports/item-table.ts';
import type { Snapshot, Standing } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { AnswerRoom } from './answer-room.ts';
import { billedLater } from './billed-execution.ts';
import { checkpointIdOf } from './checkpoints.ts';
import { type ExecutionDescription, type ExecutionOutcome, Globals } from './description.ts';
import { once } from './once.ts';
import { loadPartialResults, viewInline } from './result-views.ts';

type Described = 'workflow' | 'status' | 'error' | 'failedNode' | 'startedAtMs' | 'endedAtMs';

/** All that the result of an execution is made of. */
export interface ExecutionReport extends Omit<ExecutionOutcome, 'description'> {
  readonly description: Pick<ExecutionDescription, Described | 'checkpointId' | 'cachedFrom' | 'traceId'>;
  /** Every ended visit, by node id, with the outputs that lie with the results. */
  readonly results: readonly NodeResultView[];
  readonly definition: Definition;
  /** As of when the report was made. */
  readonly billedOperations: () => BilledOperations;
}

/** Reads each item once. @param standing META and STATE, read before */
export async function loadReport(
  store: Store,
  standing: Standing,
  { stack, nowMs }: { readonly stack: BilledStack; readonly nowMs: number },
): Promise<ExecutionReport> {
  const { meta } = standing;
  const plan = await store.definitions.loadPlan(meta.workflow, meta.definitionHash);
  const results: NodeResultView[] = [];
  const items: Item[] = [];
  for await (const result of store.results.results(meta)) {
    items.push(result);
    results.push(viewInline(meta, result));
  }
  if (isTerminal(meta.status)) store.results.forget(meta.executionId);
  const billedItems = await billedLater(store, plan, standing, items);
  const bill = once(() => computeBilledOperations({ plan, items: billedItems(), stack, nowMs }));
  return {
    ...(await loadOutcome(store, standing)),
    results,
    definition: plan.definition,
    billedOperations: bill,
  };
}

async function loadOutcome(
  store: Store,
  standing: Snapshot,
): Promise<Omit<ExecutionReport, 'results' | 'definition' | 'billedOperations'>> {
  const { meta, state } = standing;
  const { payloads } = store;
  const revision = state?.state.checkpointRevision;
  const common = {
    description: {
      workflow: meta.workflow,
      status: meta.status,
      error: meta.error,
      failedNode: meta.failedNode,
      startedAtMs: meta.startedAtMs,
      endedAtMs: meta.endedAtMs,
      cachedFrom: meta.cachedFrom,
      traceId: meta.trace?.traceId,
      ...(revision !== undefined && { checkpointId: checkpointIdOf(meta.executionId, revision) }),
    },
    ...(meta.globals !== undefined && { globals: Globals.parse(await payloads.load(meta.globals)) }),
  };
  return meta.status === 'SUCCEEDED'
    ? { ...common, output: meta.output === undefined ? null : await payloads.load(meta.output) }
    : { ...common, ...(await loadPartialResults(store, standing, new AnswerRoom(payloads, undefined))) };
}
