import { decide } from '../core/decide.ts';
import { initialState } from '../core/initial-state.ts';
import { openWork } from '../core/open-work.ts';
import type { Plan } from '../core/plan.ts';
import { encodeWork } from '../core/work-list.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import type { ExecutionState } from '../model/state.ts';
import { settledEvents } from '../scheduler/standing-events.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';

/** Of larger workflows the progress is what the scheduler was told: reading all results each time would cost too much. */
const MAX_NODES_LOOKED_AT = 1_000;

/** The state of an execution with what its runners did not tell the scheduler. `undefined`: nothing has happened to it yet. */
export async function presentState(store: Store, plan: Plan, snapshot: Snapshot): Promise<ExecutionState | undefined> {
  const { meta, state } = snapshot;
  const isWhole = meta.isEager !== true || state?.state.ending !== undefined || meta.cachedFrom !== undefined;
  if (isWhole || plan.nodes.length > MAX_NODES_LOOKED_AT) return state?.state;
  const before = state?.state ?? initialState(plan, meta.config.maxParallelNodes);
  // Nothing is to be dispatched by looking.
  return decide(plan, { ...before, paused: true }, await settledEvents(store, plan, snapshot)).state;
}

/** Nothing of it runs any more, and it is not about to end: what stops or has all its results is no longer paused. */
function isPauseAtRest(plan: Plan, { status, stop, parked }: MetaItem, state: ExecutionState | undefined): boolean {
  if (status !== 'PAUSED' || stop !== undefined || state?.stop !== undefined || state?.ending !== undefined)
    return false;
  // Of an eager execution nobody knows what runs before the scheduler has seen the pause.
  return state?.paused === true && openWork(plan, state).every((work) => parked?.has(encodeWork([work])));
}

/**
 * It has ended, or is paused and nothing of it runs any more.
 * @param snapshot as it is saved: its last checkpoint tells the same
 */
export const isAtRest = (plan: Plan, { meta, state }: Snapshot): boolean =>
  isTerminal(meta.status) || isPauseAtRest(plan, meta, state?.state);
