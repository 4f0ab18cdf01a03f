import type { ExecutionState } from '../model/state.ts';
import { clearBit, hasBit, setBit } from './bits.ts';
import { endingOf } from './ending.ts';
import type { CoreEvent, Decision, WorkRef } from './events.ts';
import { fillSlots } from './fill-slots.ts';
import { isSettled, reopenGraph, settleGraphNode, spread, unabsorbedFailure, untake } from './graph.ts';
import { copyState } from './initial-state.ts';
import { mapNodeAt, settleChunk, startMap } from './map-progress.ts';
import { isOpen, mapOf, slotsOf } from './open-work.ts';
import type { Plan } from './plan.ts';
import { arrive, settlePosition } from './route.ts';

/**
 * Applies what happened, and says what to do now: work to dispatch (never more than `limit` in flight), the end.
 * Pure: `state` is left as it is. Events that are known already, stale or out of order change nothing.
 */
export function decide(plan: Plan, state: ExecutionState, events: readonly CoreEvent[]): Decision {
  const isRedriven = events.some((event) => event.type === 'redriven' && event.run > state.run);
  if (state.ending !== undefined && !isRedriven) return { state, dispatch: [], resend: [] };
  const next = copyState(state);
  const resend: WorkRef[] = [];
  const settled: number[] = [];
  let isSettleElapsed = false;
  for (const event of events) {
    if (event.type === 'settleElapsed') isSettleElapsed = next.stop !== undefined;
    else if (event.type !== 'settled') apply(plan, next, event, resend);
    else if (settle(plan, next, event)) settled.push(event.node);
  }
  if (plan.kind === 'graph' && next.kind === 'graph') spread(plan, next, settled);
  failFast(plan, next);
  const dispatch = fillSlots(plan, next);
  const ending = endingOf(plan, next, isSettleElapsed);
  if (ending !== undefined) next.ending = ending;
  else if (state.stop === undefined && next.stop !== undefined) dispatch.push({ kind: 'settle' });
  return { state: next, dispatch, resend };
}

/** The state as run number `run` goes on from it: what stands is kept, what failed or was under way is to be run anew. */
export function redrive(plan: Plan, state: ExecutionState, run: number): ExecutionState {
  const next = copyState(state);
  reopen(plan, next, run);
  return next;
}

function apply(
  plan: Plan,
  state: ExecutionState,
  event: Exclude<CoreEvent, { type: 'settled' | 'settleElapsed' }>,
  resend: WorkRef[],
): void {
  switch (event.type) {
    case 'begun':
      for (const node of event.nodes) markDispatched(state, node);
      return;
    case 'returned':
      for (const work of event.work) takeBack(state, work);
      return;
    case 'mapPlanned':
      planMap(state, event);
      return;
    case 'chunkSettled':
      settleMapChunk(plan, state, event);
      return;
    case 'paused':
      state.paused = true;
      delete state.pausingBefore;
      return;
    case 'parked':
      return;
    case 'pausePoint':
      if (![...state.pausePoints, ...state.passedPoints].includes(event.node)) state.pausePoints.push(event.node);
      return;
    case 'resumed':
      state.paused = false;
      delete state.pausingBefore;
      for (const work of event.parked) if (isOpen(state, work)) resend.push(work);
      return;
    case 'stopped':
      state.stop ??= event.reason;
      return;
    case 'redriven':
      if (event.run > state.run) reopen(plan, state, event.run);
      return;
  }
}

/** `false`: it was known already, or is of a visit that is past. */
function settle(plan: Plan, state: ExecutionState, event: CoreEvent & { type: 'settled' }): boolean {
  const { node, visit, status } = event;
  const slots = slotsOf(state, node, visit);
  const isNews =
    plan.kind === 'graph' && state.kind === 'graph'
      ? settleGraphNode(state, node, status)
      : plan.kind === 'route' && state.kind === 'route' && settlePosition(state, node, visit);
  if (!isNews) return false;
  state.inFlight -= slots;
  delete state.maps[node];
  if (state.kind === 'graph' && status === 'FAILED' && state.stop !== undefined)
    state.cutOff = [...(state.cutOff ?? []), node];
  if (state.kind === 'route' && status === 'FAILED') {
    state.failedVisit = { node, visit };
    state.stop ??= 'FAILED';
  } else if (state.kind === 'route') {
    arrive(state, event.next ?? undefined);
  }
  for (const successor of event.handedOff ?? []) markDispatched(state, successor);
  return true;
}

/** Notes that a node is dispatched, by another than the scheduler. It may have ended by now. */
function markDispatched(state: ExecutionState, node: number): void {
  if (state.kind === 'graph') {
    if (hasBit(state.dispatched, node)) return;
    setBit(state.dispatched, node);
    clearBit(state.ready, node);
    if (!isSettled(state, node)) state.inFlight++;
  } else if (state.position?.node === node && !state.position.isDispatched) {
    state.position.isDispatched = true;
    state.inFlight++;
  }
}

/** Undoes a dispatch: the node is ready again. Only of nodes that run as one: a map's parts are the scheduler's own. */
function takeBack(state: ExecutionState, work: WorkRef): void {
  if (work.kind !== 'node' || !isOpen(state, work)) return;
  if (state.kind === 'graph') untake(state, work.node);
  else if (state.position !== undefined) state.position.isDispatched = false;
  state.inFlight--;
}

/** {@link redrive}, in place. */
function reopen(plan: Plan, state: ExecutionState, run: number): void {
  state.run = run;
  state.inFlight = 0;
  state.paused = false;
  delete state.pausingBefore;
  state.maps = {};
  delete state.stop;
  delete state.failedVisit;
  delete state.ending;
  if (plan.kind === 'graph' && state.kind === 'graph') reopenGraph(plan, state);
  else if (state.kind === 'route' && state.position !== undefined) state.position.isDispatched = false;
}

function planMap(state: ExecutionState, { node, visit, items, chunks }: CoreEvent & { type: 'mapPlanned' }): void {
  if (state.maps[node] !== undefined || !isOpen(state, { kind: 'plan', node, visit })) return;
  state.maps[node] = startMap(visit, items, chunks);
  state.inFlight--;
}

function settleMapChunk(plan: Plan, state: ExecutionState, event: CoreEvent & { type: 'chunkSettled' }): void {
  const map = mapOf(state, event.node, event.visit);
  if (map !== undefined && settleChunk(map, mapNodeAt(plan, event.node), event.chunk, event.failedItems))
    state.inFlight--;
}

/** Stops on the first failure that nothing downstream absorbs. */
function failFast(plan: Plan, state: ExecutionState): void {
  if (plan.kind !== 'graph' || state.kind !== 'graph' || state.stop !== undefined) return;
  const failed = unabsorbedFailure(plan, state);
  if (failed < 0) return;
  state.failedVisit = { node: failed, visit: 1 };
  state.stop = 'FAILED';
}
