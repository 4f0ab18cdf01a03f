import { FanjoinError } from '../errors.ts';
import type { Ending, ExecutionState, MapProgress } from '../model/state.ts';
import { clearBit, copier, copyBits, emptyBits, hasBit, membersOf, setBit } from './bits.ts';
import type { CoreEvent, Decision, WorkRef } from './events.ts';
import {
  isSettled,
  openGraph,
  openNodes,
  reopenGraph,
  settleGraphNode,
  spread,
  take,
  unabsorbedFailure,
  untake,
} from './graph.ts';
import { canDispatchChunk, dispatchChunk, openChunks, settleChunk, startMap } from './map-progress.ts';
import { isMapNode, nodeAt, type Plan } from './plan.ts';
import { arrive, dispatchPosition, openRoute, settlePosition } from './route.ts';

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
  const dispatch = fill(plan, next);
  const ending = endingOf(plan, next, isSettleElapsed);
  if (ending !== undefined) next.ending = ending;
  else if (state.stop === undefined && next.stop !== undefined) dispatch.push({ kind: 'settle' });
  return { state: next, dispatch, resend };
}

function copyState(state: ExecutionState): ExecutionState {
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

/** The state as run number `run` goes on from it: what stands is kept, what failed or was under way is to be run anew. */
export function redrive(plan: Plan, state: ExecutionState, run: number): ExecutionState {
  const next = copyState(state);
  reopen(plan, next, run);
  return next;
}

/** All work that is dispatched and unsettled, as a repair sends it again; of an execution that stops, only its timer. */
export function openWork(plan: Plan, state: ExecutionState): WorkRef[] {
  if (state.stop !== undefined) return [{ kind: 'settle' }];
  const work: WorkRef[] = [];
  const add = (node: number, visit: number) => {
    const map = state.maps[node];
    if (map?.visit !== visit) work.push({ kind: firstKind(plan, node), node, visit });
    else if (map.phase === 'collecting') work.push({ kind: 'collect', node, visit });
    else for (const chunk of openChunks(map)) work.push({ kind: 'chunk', node, visit, chunk });
  };
  if (state.kind === 'graph') for (const node of openNodes(state)) add(node, 1);
  else if (state.position?.isDispatched) add(state.position.node, state.position.visit);
  return work;
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

/** How many slots a visit holds: a map's chunks one each, anything else dispatched one. */
function slotsOf(state: ExecutionState, node: number, visit: number): number {
  const map = state.maps[node];
  if (map?.visit === visit) return map.phase === 'collecting' ? 1 : map.inFlight;
  return isDispatched(state, node, visit) ? 1 : 0;
}

function isDispatched(state: ExecutionState, node: number, visit: number): boolean {
  if (state.kind === 'graph') return hasBit(state.dispatched, node);
  return state.position?.isDispatched === true && state.position.node === node && state.position.visit === visit;
}

function planMap(state: ExecutionState, { node, visit, items, chunks }: CoreEvent & { type: 'mapPlanned' }): void {
  if (state.maps[node] !== undefined || !isOpen(state, { kind: 'plan', node, visit })) return;
  state.maps[node] = startMap(visit, items, chunks);
  state.inFlight--;
}

function settleMapChunk(plan: Plan, state: ExecutionState, event: CoreEvent & { type: 'chunkSettled' }): void {
  const map = mapOf(state, event.node, event.visit);
  if (map !== undefined && settleChunk(map, mapNode(plan, event.node), event.chunk, event.failedItems))
    state.inFlight--;
}

const mapOf = (state: ExecutionState, node: number, visit: number): MapProgress | undefined => {
  const map = state.maps[node];
  return map?.visit === visit ? map : undefined;
};

/** Whether work is dispatched and not known to be settled. */
function isOpen(state: ExecutionState, work: WorkRef): boolean {
  if (work.kind === 'settle') return false;
  if (!isDispatched(state, work.node, work.visit)) return false;
  if (state.kind === 'graph' && isSettled(state, work.node)) return false;
  const map = mapOf(state, work.node, work.visit);
  switch (work.kind) {
    case 'node':
    case 'plan':
      return map === undefined;
    case 'collect':
      return map?.phase === 'collecting';
    case 'chunk':
      return map !== undefined && [...openChunks(map)].includes(work.chunk);
  }
}

/** Stops on the first failure that nothing downstream absorbs. */
function failFast(plan: Plan, state: ExecutionState): void {
  if (plan.kind !== 'graph' || state.kind !== 'graph' || state.stop !== undefined) return;
  const failed = unabsorbedFailure(plan, state);
  if (failed < 0) return;
  state.failedVisit = { node: failed, visit: 1 };
  state.stop = 'FAILED';
}

/** Maps under way at once: each keeps up to 4 KB in the state, which must fit one item. The next starts when one ends. */
const MAX_OPEN_MAPS = 50;

/** Dispatches what may start now, up to the limit: maps to collect first, then nodes in written order, then chunks. */
function fill(plan: Plan, state: ExecutionState): WorkRef[] {
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
    const definition = mapNode(plan, node);
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

/** What a node's first visit begins with. */
export const firstWork = (plan: Plan, node: number): WorkRef => ({ kind: firstKind(plan, node), node, visit: 1 });

const firstKind = (plan: Plan, node: number): 'node' | 'plan' =>
  isMapNode(nodeAt(plan, node).definition) ? 'plan' : 'node';

function mapNode(plan: Plan, node: number) {
  const { definition, id } = nodeAt(plan, node);
  if (!isMapNode(definition)) throw new FanjoinError('CORRUPT_ITEM', `The state has a map at '${id}', which is no map`);
  return definition;
}

function endingOf(plan: Plan, state: ExecutionState, isSettleElapsed: boolean): Ending | undefined {
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
