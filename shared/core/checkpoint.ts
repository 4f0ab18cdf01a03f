import type { ExecutionConfig } from '../model/config.ts';
import type { ExecutionState } from '../model/state.ts';
import { countBits, hasBit } from './bits.ts';
import { redrive } from './decide.ts';
import type { Plan } from './plan.ts';

/** How many visits have ended: in a graph, nodes. */
export function finishedNodes(state: ExecutionState): number {
  if (state.kind === 'graph') return countBits(state.succeeded) + countBits(state.failed) + countBits(state.skipped);
  const entered = Object.values(state.visits).reduce((sum, visits) => sum + visits, 0);
  return state.position === undefined ? entered : entered - 1;
}

/** Whether the step from one state to the next is to be kept as a checkpoint. */
export function isCheckpoint(config: ExecutionConfig, before: ExecutionState, after: ExecutionState): boolean {
  if (after.ending !== undefined) return false;
  if (after.paused && (!before.paused || finishedNodes(after) > finishedNodes(before))) return true;
  const { enableCheckpoints, checkpointInterval } = config;
  const intervals = (state: ExecutionState) => Math.floor(finishedNodes(state) / checkpointInterval);
  return enableCheckpoints && intervals(after) > intervals(before);
}

/** The state of a new execution that goes on from a cut: what had ended has ended, what was under way starts anew. */
export function fromCheckpoint(plan: Plan, cut: ExecutionState): ExecutionState {
  const { checkpointRevision: _own, ...rest } = redrive(plan, cut, 1);
  return { ...rest, pausePoints: [], passedPoints: [] };
}

/** The visits whose results a state stands on. */
export function settledVisits(plan: Plan, state: ExecutionState): { readonly node: number; readonly visit: number }[] {
  if (state.kind === 'graph') {
    return plan.nodes
      .filter(({ index }) => hasBit(state.dispatched, index))
      .filter(({ index }) => [state.succeeded, state.failed, state.skipped].some((set) => hasBit(set, index)))
      .map(({ index }) => ({ node: index, visit: 1 }));
  }
  return Object.entries(state.visits).flatMap(([index, entered]) => {
    const node = Number(index);
    const ended = state.position?.node === node ? entered - 1 : entered;
    return Array.from({ length: ended }, (_, visit) => ({ node, visit: visit + 1 }));
  });
}
