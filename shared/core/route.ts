import type { RouteState } from '../model/state.ts';
import type { RoutePlan } from './plan.ts';

/** Puts the position on the start. Changes `state`. */
export function openRoute(plan: RoutePlan, state: RouteState): void {
  arrive(state, plan.start);
}

/** Moves the position: to a node, whose visits grow by one, or to the end. Changes `state`. */
export function arrive(state: RouteState, node: number | undefined): void {
  if (node === undefined) {
    delete state.position;
    return;
  }
  const visit = (state.visits[node] ?? 0) + 1;
  state.visits[node] = visit;
  state.position = { node, visit, isDispatched: false };
}

/** Whether a settled visit is the one the position stands on; any other is old news. Where a visit failed it stays. */
export function settlePosition({ position, failedVisit }: RouteState, node: number, visit: number): boolean {
  return failedVisit === undefined && position !== undefined && position.node === node && position.visit === visit;
}

/** Takes the position, unless that would be a visit too many. Changes `state`. */
export function dispatchPosition(
  plan: RoutePlan,
  { position }: RouteState,
): { node: number; visit: number } | undefined {
  if (position === undefined || position.isDispatched || position.visit > plan.maxVisits) return undefined;
  position.isDispatched = true;
  return { node: position.node, visit: position.visit };
}
