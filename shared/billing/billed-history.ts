import { itemSizeBytes } from '../adapters/local/item-size.ts';
import { ITEM_VERSION } from '../model/items.ts';
import type { LifecycleScope } from '../observability/lifecycle-event.ts';
import { EVENTS_PER_ITEM, LONGEST_UNPACKED } from '../store/event-store.ts';
import { writeUnits } from './billed-units.ts';
import type { OperationCounts } from './prices.ts';

/** How long the observer's event source gathers changes: `infra/constructs/observer-source.ts`. */
const WINDOW_MS = 1_000;

/** An item of the history without its events: 31 characters of a partition key, and the places of two events. */
const EMPTY_ITEM_BYTES = itemSizeBytes({
  pk: 'x'.repeat('EXEC#'.length + 26),
  sk: 'x'.repeat('EVENT#.#.'.length + 2 * (40 + 8)),
  v: ITEM_VERSION,
  events: '[]',
});

/** An event as the history has it, that stands for `times` like it. */
export interface WrittenEvent {
  readonly atMs: number;
  readonly bytes: number;
  readonly times: number;
  readonly scope: LifecycleScope | undefined;
}

/**
 * What the observer takes to tell of an execution: an invocation and an item for each second in which something happened,
 * and what goes on a bus. As if it was the only one that is told of; several share their invocations.
 */
export function billHistory(
  events: readonly WrittenEvent[],
  lifecycleEvents: LifecycleScope | 'none',
): Partial<OperationCounts> {
  let written = 0;
  let batches = 0;
  for (const batch of batchesOf(events)) {
    const count = batch.reduce((sum, { times }) => sum + times, 0);
    const items = Math.ceil(count / EVENTS_PER_ITEM);
    const bytes = batch.reduce((sum, event) => sum + event.times * (event.bytes + 1), 0) / items;
    written += items * writeUnits(EMPTY_ITEM_BYTES + (bytes > LONGEST_UNPACKED ? packedBytes(bytes) : bytes));
    batches++;
  }
  const told = events.filter(({ scope }) => isTold(scope, lifecycleEvents));
  return {
    writeUnits: written,
    invocations: batches,
    busEvents: told.reduce((sum, { times }) => sum + times, 0),
  };
}

/** Events differ in little but times and names: about a twelfth is left, and what begins it. */
const packedBytes = (bytes: number): number => 200 + bytes / 12;

const isTold = (scope: LifecycleScope | undefined, asked: LifecycleScope | 'none'): boolean =>
  scope !== undefined && asked !== 'none' && (scope === 'executions' || asked === 'nodes');

function batchesOf(events: readonly WrittenEvent[]): WrittenEvent[][] {
  const batches: WrittenEvent[][] = [];
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) {
    if (event.atMs > untilMs) {
      batches.push([]);
      untilMs = event.atMs + WINDOW_MS;
    }
    batches.at(-1)?.push(event);
  }
  return batches;
}
