import { fromRanges, hasBit, membersOf } from '../../shared/core/bits.ts';
import { isSettled } from '../../shared/core/graph.ts';
import { nodeAt, type Plan } from '../../shared/core/plan.ts';
import { decodeWork } from '../../shared/core/work-list.ts';
import { type MetaItem, ResultItem, type StateItem } from '../../shared/model/items.ts';
import { resultKey } from '../../shared/store/keys.ts';
import type { MemoryTable } from './memory-table.ts';

/**
 * What a result handed off was sent by whoever wrote it: a decider that hears of the result does not send it too, unless it
 * is asked for again. That is not looked at where a pause parked work, nor in what repairs send.
 */
export function sentTwiceProblems(
  table: MemoryTable,
  plan: Plan,
  { executionId, resultShards }: MetaItem,
  before: StateItem | undefined,
  { state, revision, batches }: StateItem,
): string[] {
  const earlier = before?.state;
  if (state.kind !== 'graph' || (earlier !== undefined && earlier.kind !== 'graph')) return [];
  const handedOffBy = new Map<number, string>();
  for (const node of membersOf(state.succeeded)) {
    if (earlier !== undefined && isSettled(earlier, node)) continue;
    const key = { executionId, resultShards, run: state.run, node: nodeAt(plan, node).id, visit: 1 };
    const item = table.get(resultKey(key));
    const { handedOff, run } = item === undefined ? {} : ResultItem.parse(item);
    if (handedOff === undefined || run !== state.run) continue;
    for (const successor of fromRanges(handedOff)) handedOffBy.set(successor, key.node);
  }
  if (handedOffBy.size === 0) return [];
  return Object.entries(batches)
    .filter(([name, batch]) => name !== 'repair' && batch.revision === revision)
    .flatMap(([, { sends }]) => decodeWork(sends))
    .flatMap((ref) => (ref.kind === 'node' || ref.kind === 'plan' ? [ref.node] : []))
    .filter((node) => handedOffBy.has(node) && (earlier === undefined || !hasBit(earlier.dispatched, node)))
    .map((node) => `${nodeAt(plan, node).id} is sent, which ${handedOffBy.get(node)} handed off`);
}
