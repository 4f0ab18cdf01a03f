import { membersOf } from '../../shared/core/bits.ts';
import type { ExecutionState } from '../../shared/model/state.ts';

/** How many visits a state knows to have ended: in a graph nodes, skipped ones among them. */
export function endedVisits(state: ExecutionState): number {
  if (state.kind === 'graph')
    return [state.succeeded, state.failed, state.skipped].reduce((sum, set) => sum + [...membersOf(set)].length, 0);
  const entered = Object.values(state.visits).reduce((sum, visits) => sum + visits, 0);
  return state.position === undefined ? entered : entered - 1;
}
