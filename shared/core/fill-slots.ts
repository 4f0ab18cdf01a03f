import type { ExecutionState } from '../model/state.ts';
import { membersOf } from './bits.ts';
import type { WorkRef } from './events.ts';
import { take, untake } from './graph.ts';
import { canDispatchChunk, dispatchChunk, mapNodeAt } from './map-progress.ts';
import { firstKind } from './open-work.ts';
import type { Plan } from './plan.ts';
import { dispatchPosition } from './route.ts';

/** Maps under way at once: each keeps up to 4 KB in the state, which must fit one item. The next starts when one ends. */
const MAX_OPEN_MAPS = 50;

/** Dispatches what may start now, up to the limit: maps to collect first, then nodes in written order, then chunks. */
export function fillSlots(plan: Plan, state: ExecutionState): WorkRef[] {
  const work: WorkRef[] = [];
  if (state.stop !== undefined || state.paused) return work;
  const send = (ref: WorkRef) => {
    state.inFlight++;
    work.push(ref);
  };
  const maps = Object.entries(state.maps).map(([node, map]) => ({ node: Number(node), map }));
  let openMaps = maps.length;
  for (const { node, map } of maps) {
    if (map.phase !== 'collect-ready' || state.inFlight >= state.limit) continue;
    map.phase = 'collecting';
    send({ kind: 'collect', node, visit: map.visit });
  }
  const takeNext = taker(plan, state);
  while (state.inFlight < state.limit) {
    const next = takeNext();
    if (next === undefined) break;
    const isMap = firstKind(plan, next.node) === 'plan';
    if (isMap && state.kind === 'graph' && openMaps >= MAX_OPEN_MAPS) {
      untake(state, next.node);
      break;
    }
    if (isMap) openMaps++;
    if (state.pausePoints.includes(next.node)) {
      pauseBefore(state, next.node);
      return work;
    }
    send({ kind: firstKind(plan, next.node), ...next });
  }
  for (const { node, map } of maps) {
    const definition = mapNodeAt(plan, node);
    while (state.inFlight < state.limit && canDispatchChunk(map, definition)) {
      send({ kind: 'chunk', node, visit: map.visit, chunk: dispatchChunk(map) });
    }
  }
  return work;
}

/** Puts a node that was just taken back, and pauses. The point is used up. */
function pauseBefore(state: ExecutionState, node: number): void {
  if (state.kind === 'graph') untake(state, node);
  else if (state.position !== undefined) state.position.isDispatched = false;
  state.paused = true;
  state.pausingBefore = node;
  state.pausePoints = state.pausePoints.filter((point) => point !== node);
  state.passedPoints.push(node);
}

/** Takes one after another what may start now, in written order: one look through a large graph, however many it takes. */
function taker(plan: Plan, state: ExecutionState): () => { node: number; visit: number } | undefined {
  if (state.kind === 'route') return () => (plan.kind === 'route' ? dispatchPosition(plan, state) : undefined);
  const ready = membersOf(state.ready);
  return () => {
    const node = ready.next().value;
    if (node === undefined) return undefined;
    take(state, node);
    return { node, visit: 1 };
  };
}
