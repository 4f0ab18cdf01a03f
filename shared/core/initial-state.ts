import type { ExecutionState } from '../model/state.ts';
import { copier, copyBits, emptyBits } from './bits.ts';
import { openGraph } from './graph.ts';
import type { Plan } from './plan.ts';
import { openRoute } from './route.ts';

/** The state of an execution nothing has happened to yet. */
export function initialState(plan: Plan, maxParallelNodes: number): ExecutionState {
  const common = {
    v: 1 as const,
    run: 1,
    limit: maxParallelNodes,
    inFlight: 0,
    paused: false,
    pausePoints: [],
    passedPoints: [],
    maps: {},
  };
  if (plan.kind === 'route') {
    const state: ExecutionState = { ...common, kind: 'route', visits: {} };
    openRoute(plan, state);
    return state;
  }
  const bits = () => emptyBits(plan.nodes.length);
  const state: ExecutionState = {
    ...common,
    kind: 'graph',
    ready: bits(),
    dispatched: bits(),
    succeeded: bits(),
    failed: bits(),
    skipped: bits(),
  };
  openGraph(plan, state);
  return state;
}

/** Shares nothing with it that a decision changes. */
export function copyState(state: ExecutionState): ExecutionState {
  const maps = Object.fromEntries(
    Object.entries(state.maps).map(([node, map]) => [node, { ...map, window: copyBits(map.window) }]),
  );
  const points = { pausePoints: [...state.pausePoints], passedPoints: [...state.passedPoints] };
  if (state.kind === 'route') {
    return {
      ...state,
      ...points,
      maps,
      visits: { ...state.visits },
      ...(state.position !== undefined && { position: { ...state.position } }),
    };
  }
  const { ready, dispatched, succeeded, failed, skipped } = state;
  const copy = copier([ready, dispatched, succeeded, failed, skipped]);
  return {
    ...state,
    ...points,
    maps,
    ready: copy(ready),
    dispatched: copy(dispatched),
    succeeded: copy(succeeded),
    failed: copy(failed),
    skipped: copy(skipped),
  };
}
