import type { MetaItem } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';

/** Whether the state has reached a point to pause at, and META does not say so yet. */
export const isPausing = ({ status, pointsPassed = 0 }: MetaItem, state: ExecutionState): boolean =>
  status === 'RUNNING' && state.pausingBefore !== undefined && pointsPassed < state.passedPoints.length;
