import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import type { ExecutionId } from '../model/ids.ts';
import { EventsItem, ITEM_VERSION, ObservedItem } from '../model/items.ts';
import { PACKING_VERSION } from '../model/schema-version.ts';
import { sortablePosition } from '../observability/event-position.ts';
import { ExecutionEvent } from '../observability/execution-event.ts';
import { EVENTFUL } from '../observability/to-events.ts';
import type { Item, ItemTable, Page } from '../ports/item-table.ts';
import { behindEvent, EVENT_PREFIX, eventKey, executionPk, metaKey, observedKey } from './keys.ts';
import { parseItem } from './parse-item.ts';
import { queryAll } from './query-all.ts';

/** Far below what an item may weigh: an event has 3 KB at the most. */
export const EVENTS_PER_ITEM = 100;
/** With its key, an item of more characters is over 1 KB. */
export const LONGEST_UNPACKED = 750;
const ITEMS_PER_PAGE = 10;
/** In the due index beside the shards of the sweep. */
const MARKED_SHARD = 'observe-local';
const MARKS_READ = 1_000;

const Stored = z.array(z.record(z.string(), z.unknown()));

/** The `EVENT` items: an execution's history. */
export class EventStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /**
   * Writes events in order, each item under the place of its last event and whole: written again they change nothing,
   * and cut otherwise they repeat places that readers know.
   *
   * @param isPacked whether what is long is packed: a tenth is left of it, and a write is billed by the kilobyte
   */
  async put(
    executionId: ExecutionId,
    events: readonly ExecutionEvent[],
    { isPacked = false }: { readonly isPacked?: boolean } = {},
  ): Promise<void> {
    const writes: Promise<unknown>[] = [];
    for (let first = 0; first < events.length; first += EVENTS_PER_ITEM) {
      const part = events.slice(first, first + EVENTS_PER_ITEM);
      const [start] = part;
      const last = part.at(-1);
      if (start === undefined || last === undefined) break;
      const text = JSON.stringify(part.map((event) => ({ ...event, executionId: undefined })));
      const packs = isPacked && text.length > LONGEST_UNPACKED;
      const item: EventsItem = {
        ...eventKey(executionId, sortablePosition(last.position), sortablePosition(start.position)),
        v: packs ? PACKING_VERSION : ITEM_VERSION,
        events: packs ? deflateRawSync(text) : text,
      };
      writes.push(this.#table.put(item));
    }
    await Promise.all(writes);
  }

  /** Events behind `after`, at most `limit`; each once. */
  async page(
    executionId: ExecutionId,
    after: string | undefined,
    limit: number,
  ): Promise<{ events: ExecutionEvent[]; next?: string }> {
    const events: ExecutionEvent[] = [];
    let seen = after === undefined ? '' : sortablePosition(after);
    let behind = after === undefined ? undefined : behindEvent(seen);
    for (;;) {
      const page: Page = await this.#table.query(executionPk(executionId), {
        prefix: EVENT_PREFIX,
        limit: ITEMS_PER_PAGE,
        ...(behind !== undefined && { after: behind }),
      });
      for (const event of page.items.flatMap((item) => eventsIn(executionId, item))) {
        const position = sortablePosition(event.position);
        if (position <= seen) continue;
        if (events.length === limit) return { events, next: events.at(-1)?.position ?? '' };
        events.push(event);
        seen = position;
      }
      if (page.next === undefined) return { events };
      behind = page.next;
    }
  }

  /** Ids of all events that are written, and the place of the last. */
  async written(executionId: ExecutionId): Promise<{ ids: Set<string>; last?: string }> {
    const ids = new Set<string>();
    let last: string | undefined;
    for await (const item of queryAll(this.#table, executionPk(executionId), { prefix: EVENT_PREFIX })) {
      for (const { id, position } of eventsIn(executionId, item)) {
        ids.add(id);
        last = position;
      }
    }
    return { ids, ...(last !== undefined && { last }) };
  }

  /** The execution's items that make events, without payloads: META first. Default: of all types. */
  async *eventful(executionId: ExecutionId, types: Iterable<string> = EVENTFUL.keys()): AsyncGenerator<Item> {
    for (const type of types) {
      if (type !== 'META') {
        const options = { prefix: `${type}#`, attributes: EVENTFUL.get(type) ?? [] };
        yield* queryAll(this.#table, executionPk(executionId), options);
        continue;
      }
      const meta = await this.#table.get(metaKey(executionId));
      if (meta !== undefined) yield meta;
    }
  }

  /** Local only: notes that the history of an execution is under way, so that a crash is noticed. */
  async markOpen(executionId: ExecutionId, nowMs: number): Promise<void> {
    await this.#putMark({ executionId, dueShard: MARKED_SHARD, dueAtMs: nowMs });
  }

  /** Local only: its history and its part of the metrics are written, up to the end of `countedRun`. */
  async markCounted(executionId: ExecutionId, countedRun: number): Promise<void> {
    await this.#putMark({ executionId, countedRun });
  }

  /** Executions marked as open, oldest first; at most 1,000. */
  async marked(): Promise<ExecutionId[]> {
    const items = await this.#table.queryDue(MARKED_SHARD, Number.MAX_SAFE_INTEGER, MARKS_READ);
    return items.map((item) => parseItem(ObservedItem, item).executionId);
  }

  async #putMark(mark: Omit<ObservedItem, 'pk' | 'sk' | 'v'>): Promise<void> {
    await this.#table.put({ ...observedKey(mark.executionId), v: ITEM_VERSION, ...mark });
  }
}

const eventsIn = (executionId: ExecutionId, item: Item): ExecutionEvent[] =>
  Stored.parse(JSON.parse(unpacked(parseItem(EventsItem, item).events))).map((event) =>
    ExecutionEvent.parse({ ...event, executionId }),
  );

const unpacked = (events: EventsItem['events']): string =>
  typeof events === 'string' ? events : inflateRawSync(events).toString('utf8');
