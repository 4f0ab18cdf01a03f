import type { Ending, ExecutionState } from '../model/state.ts';
import { nodeAt, type Plan } from './plan.ts';

/** How it ends, if nothing is left to wait for. @param isSettleElapsed what runs on after a stop has had its time */
export function endingOf(plan: Plan, state: ExecutionState, isSettleElapsed: boolean): Ending | undefined {
  if (state.stop !== undefined) {
    if (state.inFlight > 0 && !isSettleElapsed) return undefined;
    return {
      status: state.stop,
      ...(state.stop === 'FAILED' && state.failedVisit !== undefined && { failedVisit: state.failedVisit }),
    };
  }
  if (state.inFlight > 0 || Object.keys(state.maps).length > 0) return undefined;
  if (state.kind === 'route') {
    if (state.position === undefined) return { status: 'SUCCEEDED' };
    return plan.kind === 'route' ? tooManyVisits(plan, state) : undefined;
  }
  return hasReady(state) ? undefined : { status: 'SUCCEEDED' };
}

const hasReady = (state: ExecutionState & { kind: 'graph' }): boolean => state.ready.some((byte) => byte !== 0);

function tooManyVisits(
  plan: Extract<Plan, { kind: 'route' }>,
  state: ExecutionState & { kind: 'route' },
): Ending | undefined {
  const { position } = state;
  if (position === undefined || position.visit <= plan.maxVisits) return undefined;
  const { id } = nodeAt(plan, position.node);
  return {
    status: 'FAILED',
    error: {
      name: 'TooManyVisits',
      code: 'MAX_VISITS_EXCEEDED',
      message: `The node '${id}' was about to be visited ${position.visit} times; maxVisits is ${plan.maxVisits}. Raise it, or see why the loop does not end`,
    },
  };
}
