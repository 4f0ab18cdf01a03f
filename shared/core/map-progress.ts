import { FanjoinError } from '../errors.ts';
import type { MapNode } from '../model/definition.ts';
import type { MapProgress } from '../model/state.ts';
import { countBits, emptyBits, hasBit, setBit } from './bits.ts';
import { isMapNode, nodeAt, type Plan } from './plan.ts';

/**
 * Chunks dispatched beyond the oldest unsettled one, at the most: 4 KB of bits. One stuck chunk can hold up the rest
 * of a very long map; the state item stays small whatever happens.
 */
const WINDOW_CHUNKS = 32_768;

export const startMap = (visit: number, items: number, chunks: number): MapProgress => ({
  visit,
  items,
  chunks,
  base: 0,
  next: 0,
  window: emptyBits(0),
  inFlight: 0,
  failedItems: 0,
  phase: chunks === 0 ? 'collect-ready' : 'running',
});

/** How many items may fail: the larger of the count and the share. */
export function toleratedFailures(node: MapNode, items: number): number {
  return Math.max(node.toleratedFailureCount ?? 0, Math.floor((items * (node.toleratedFailurePercentage ?? 0)) / 100));
}

/** Whether another chunk may go out. A map that failed too often starts no more. */
export function canDispatchChunk(map: MapProgress, node: MapNode): boolean {
  return (
    map.phase === 'running' &&
    map.next < map.chunks &&
    map.inFlight < (node.maxConcurrency ?? Number.POSITIVE_INFINITY) &&
    map.next - map.base < WINDOW_CHUNKS &&
    map.failedItems <= toleratedFailures(node, map.items)
  );
}

/** Takes the next chunk. Changes `map`. */
export function dispatchChunk(map: MapProgress): number {
  const chunk = map.next++;
  map.inFlight++;
  const size = (map.next - map.base + 7) >> 3;
  if (map.window.length < size) {
    const grown = new Uint8Array(Math.max(size, Math.min(map.window.length * 2, WINDOW_CHUNKS >> 3)));
    grown.set(map.window);
    map.window = grown;
  }
  return chunk;
}

/** Marks a chunk settled. Changes `map`. `false`: it was known already. */
export function settleChunk(map: MapProgress, node: MapNode, chunk: number, failedItems: number): boolean {
  if (chunk < map.base || chunk >= map.next || hasBit(map.window, chunk - map.base)) return false;
  setBit(map.window, chunk - map.base);
  map.inFlight--;
  map.failedItems += failedItems;
  slide(map);
  const isDrained = map.inFlight === 0;
  if (isDrained && (map.base === map.chunks || map.failedItems > toleratedFailures(node, map.items)))
    map.phase = 'collect-ready';
  return true;
}

/** Drops leading bytes whose chunks are all settled. */
function slide(map: MapProgress): void {
  let bytes = 0;
  while (map.window[bytes] === 0xff) bytes++;
  if (bytes > 0) {
    map.window = map.window.slice(bytes);
    map.base += bytes * 8;
  }
  const left = map.next - map.base;
  if (map.next === map.chunks && countBits(map.window) === left) {
    map.base = map.chunks;
    map.window = emptyBits(0);
  }
}

/** Chunks dispatched and not settled. */
export function* openChunks(map: MapProgress): Generator<number> {
  for (let chunk = map.base; chunk < map.next; chunk++) if (!hasBit(map.window, chunk - map.base)) yield chunk;
}

/** @throws {FanjoinError} `CORRUPT_ITEM`: it is no map, and a state takes it for one */
export function mapNodeAt(plan: Plan, node: number): MapNode {
  const { definition, id } = nodeAt(plan, node);
  if (!isMapNode(definition)) throw new FanjoinError('CORRUPT_ITEM', `The state has a map at '${id}', which is no map`);
  return definition;
}
