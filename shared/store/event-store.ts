import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import type { ExecutionId } from '../model/ids.ts';
import { EventsItem, ITEM_VERSION, type MetaItem, ObservedItem } from '../model/items.ts';
import { PACKING_VERSION } from '../model/schema-version.ts';
import { comparePositions, joinPlaces, placesIn, sortablePosition } from '../observability/event-position.ts';
import { ExecutionEvent } from '../observability/execution-event.ts';
import { EVENTFUL } from '../observability/to-events.ts';
import type { Item, ItemTable, Page } from '../ports/item-table.ts';
import { behindEvent, EVENT_PREFIX, eventKey, executionPk, metaKey, observedKey, resultPks } from './keys.ts';
import { parseItem } from './parse-item.ts';
import { queryAll, queryMerged } from './query-all.ts';

/** Far below what an item may weigh: an event has 3 KB at the most. */
export const EVENTS_PER_ITEM = 100;
/** With its key, an item of more characters is over 1 KB. */
export const LONGEST_UNPACKED = 750;
const ITEMS_PER_PAGE = 10;
/** In the due index beside the shards of the sweep. */
const MARKED_SHARD = 'observe-local';
const MARKS_READ = 1_000;

/**
 * Logs of one execution are written by observers of their own, each a second or two behind. An end that is as old is behind
 * all it waited for, unless one of them has failed meanwhile.
 */
const LOGS_APART_MS = 5_000;

/** Whose history: its META says where it lies. */
type Of = Pick<MetaItem, 'executionId' | 'resultShards'>;

interface EventPage {
  readonly events: ExecutionEvent[];
  readonly next?: string;
}

const Stored = z.array(z.record(z.string(), z.unknown()));

/** The `EVENT` items: an execution's history. */
export class EventStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /**
   * Writes events of one partition in order, beside what they tell of: each item under the place of its last event and whole: written again they change nothing,
   * and cut otherwise they repeat places that readers know.
   *
   * @param isPacked whether what is long is packed: a tenth is left of it, and a write is billed by the kilobyte
   */
  async put(
    pk: string,
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
        ...eventKey(pk, sortablePosition(last.position), sortablePosition(start.position)),
        v: packs ? PACKING_VERSION : ITEM_VERSION,
        events: packs ? deflateRawSync(text) : text,
      };
      writes.push(this.#table.put(item));
    }
    await Promise.all(writes);
  }

  /** Events behind `after`, at most `limit`; each once. Of a wide execution the end comes last, some time after it was written. */
  async page(
    { executionId, resultShards }: Of,
    after: string | undefined,
    limit: number,
    nowMs: number,
  ): Promise<EventPage> {
    if (resultShards === undefined) return this.#pageOf(executionPk(executionId), executionId, after, limit);
    const logs = [executionPk(executionId), ...resultPks({ executionId, resultShards })];
    const places = placesIn(after, logs.length);
    const pages = await Promise.all(logs.map((pk, log) => this.#pageOf(pk, executionId, places[log], limit)));
    const found = pages
      .flatMap((page, log) => page.events.map((event) => ({ event, log, place: event.position })))
      .sort((a, b) => comparePositions(a.place, b.place));
    const isBehind = ({ event }: (typeof found)[number]) =>
      event.type === 'ExecutionEnded' && nowMs - event.atMs < LOGS_APART_MS;
    const told = found.slice(0, limit);
    const early = told.findIndex(isBehind);
    const events = (early < 0 ? told : told.slice(0, early)).map(({ event, log, place }) => {
      places[log] = place;
      return { ...event, position: joinPlaces(places) };
    });
    const isMore = early < 0 && (found.length > limit || pages.some(({ next }) => next !== undefined));
    return { events, ...(isMore && { next: joinPlaces(places) }) };
  }

  async #pageOf(pk: string, executionId: ExecutionId, after: string | undefined, limit: number): Promise<EventPage> {
    const events: ExecutionEvent[] = [];
    // A batch that came again cut lies before the whole one, some of whose events are before it: so items are read ahead. An
    // item that is still to come and tells of a place before these would hold more events than an item does.
    const ahead = new Map<string, ExecutionEvent>();
    let seen = after === undefined ? '' : sortablePosition(after);
    let behind = after === undefined ? undefined : behindEvent(seen);
    for (;;) {
      const page: Page = await this.#table.query(pk, {
        prefix: EVENT_PREFIX,
        limit: ITEMS_PER_PAGE,
        ...(behind !== undefined && { after: behind }),
      });
      for (const event of page.items.flatMap((item) => eventsIn(executionId, item))) {
        const place = sortablePosition(event.position);
        if (place > seen) ahead.set(place, event);
      }
      const places = [...ahead.keys()].sort();
      for (const place of page.next === undefined ? places : places.slice(0, -EVENTS_PER_ITEM)) {
        const event = ahead.get(place);
        if (event === undefined) continue;
        if (events.length === limit) return { events, next: events.at(-1)?.position ?? '' };
        events.push(event);
        ahead.delete(place);
        seen = place;
      }
      if (page.next === undefined) return { events };
      behind = page.next;
    }
  }

  /** Local only, where all lie beside META: ids of all events that are written, and the place of the last. */
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
  async *eventful({ executionId, resultShards }: Of, types: Iterable<string> = EVENTFUL.keys()): AsyncGenerator<Item> {
    for (const type of types) {
      if (type !== 'META') {
        const options = { prefix: `${type}#`, attributes: EVENTFUL.get(type) ?? [] };
        yield* queryMerged(this.#table, resultPks({ executionId, resultShards }), options);
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

/** What one item holds of an execution's history. @throws {CorruptItemError} it is none */
export const eventsIn = (executionId: ExecutionId, item: Item): ExecutionEvent[] =>
  Stored.parse(JSON.parse(unpacked(parseItem(EventsItem, item).events))).map((event) =>
    ExecutionEvent.parse({ ...event, executionId }),
  );

const unpacked = (events: EventsItem['events']): string =>
  typeof events === 'string' ? events : inflateRawSync(events).toString('utf8');
