import { hasBit, membersOf } from '../../shared/core/bits.ts';
import { nodeAt, type Plan } from '../../shared/core/plan.ts';
import { AttemptItem, type MetaItem, ResultItem, type StateItem } from '../../shared/model/items.ts';
import { NODE_ABORTED } from '../../shared/model/result.ts';
import type { ExecutionState } from '../../shared/model/state.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { itemType, resultKey } from '../../shared/store/keys.ts';
import type { MemoryTable } from './memory-table.ts';

/** A message that was admitted before a redrive may take so long to its work: a few calls, one of which hangs. */
const BEGINS_WITHIN_MS = 60_000;

/** What a stop cut off is not tried again, nor caught; and nothing of a run begins in the next. */
export function cutOffProblems({ key: { sk }, after }: ChangeRecord, meta: MetaItem): string[] {
  const type = itemType(sk);
  if (after === undefined || (type !== 'RESULT' && type !== 'ATTEMPT')) return [];
  const { error, run, startedAtMs, source } =
    type === 'RESULT' ? ResultItem.parse(after) : { ...AttemptItem.parse(after), source: undefined };
  const problems: string[] = [];
  if (error?.code === NODE_ABORTED && type === 'ATTEMPT') problems.push(`${sk} is to be tried again, and was cut off`);
  if (error?.code === NODE_ABORTED && (source === 'catch' || source === 'fallback'))
    problems.push(`${sk} was cut off, and then ${source}`);
  if (run < meta.run && startedAtMs - (meta.redrivenAtMs ?? 0) > BEGINS_WITHIN_MS)
    problems.push(
      `${sk} is of the run ${run}, and began ${startedAtMs - (meta.redrivenAtMs ?? 0)} ms into ${meta.run}`,
    );
  return problems;
}

/** Who hears that a node was cut off knows of the stop: else it would be a failure of the node's own. */
export function cutOffUnstopped(
  table: MemoryTable,
  plan: Plan,
  { executionId, resultShards }: MetaItem,
  before: ExecutionState | undefined,
  { state }: StateItem,
): string[] {
  const isCutOff = (node: number, visit: number) => {
    const key = { executionId, resultShards, run: state.run, node: nodeAt(plan, node).id, visit };
    const item = table.get(resultKey(key));
    return item !== undefined && ResultItem.parse(item).error?.code === NODE_ABORTED;
  };
  const { failedVisit } = state;
  if (state.stop === 'FAILED' && failedVisit !== undefined && isCutOff(failedVisit.node, failedVisit.visit))
    return [`it fails by ${nodeAt(plan, failedVisit.node).id}, which a stop cut off`];
  if (state.kind !== 'graph') return [];
  const known = before?.kind === 'graph' ? before.failed : undefined;
  return [...membersOf(state.failed)]
    .filter((node) => known === undefined || !hasBit(known, node))
    .filter((node) => state.cutOff?.includes(node) !== true && isCutOff(node, 1))
    .map((node) => `it takes the end of ${nodeAt(plan, node).id}, which a stop cut off, for a failure of its own`);
}
