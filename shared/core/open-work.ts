import type { ExecutionState, MapProgress } from '../model/state.ts';
import { hasBit } from './bits.ts';
import type { WorkRef } from './events.ts';
import { isSettled, openNodes } from './graph.ts';
import { openChunks } from './map-progress.ts';
import { isMapNode, nodeAt, type Plan } from './plan.ts';

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

/** Whether work is dispatched and not known to be settled. */
export function isOpen(state: ExecutionState, work: WorkRef): boolean {
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

/** How many slots a visit holds: a map's chunks one each, anything else dispatched one. */
export function slotsOf(state: ExecutionState, node: number, visit: number): number {
  const map = state.maps[node];
  if (map?.visit === visit) return map.phase === 'collecting' ? 1 : map.inFlight;
  return isDispatched(state, node, visit) ? 1 : 0;
}

function isDispatched(state: ExecutionState, node: number, visit: number): boolean {
  if (state.kind === 'graph') return hasBit(state.dispatched, node);
  return state.position?.isDispatched === true && state.position.node === node && state.position.visit === visit;
}

/** Of a map that is planned and not put together yet. */
export const mapOf = (state: ExecutionState, node: number, visit: number): MapProgress | undefined => {
  const map = state.maps[node];
  return map?.visit === visit ? map : undefined;
};

/** What a node's first visit begins with. */
export const firstWork = (plan: Plan, node: number): WorkRef => ({ kind: firstKind(plan, node), node, visit: 1 });

/** A map is planned first. */
export const firstKind = (plan: Plan, node: number): 'node' | 'plan' =>
  isMapNode(nodeAt(plan, node).definition) ? 'plan' : 'node';
