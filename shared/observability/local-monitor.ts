import { DatabaseError } from '../errors.ts';
import { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import type { Clock } from '../ports/clock.ts';
import { executionPk, itemType } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { CallbackFeed } from './callback-feed.ts';
import { behind } from './event-position.ts';
import type { ExecutionEvent } from './execution-event.ts';
import { HistoryBuffer } from './history-buffer.ts';
import type { Logger } from './logger.ts';
import { loadSample, sampleOf, visitIn } from './sample.ts';
import type { Sample, Visit } from './tally.ts';
import { type BareEvent, EVENTFUL, eventsOf, toEvents } from './to-events.ts';
import { WindowBook } from './window-book.ts';

/** What is heard is written at most so much later. */
const FLUSH_MS = 100;
/** And what could not be written is tried again after so long. */
const RETRY_MS = 1_000;

interface MonitorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly feed: CallbackFeed;
  readonly newId: () => string;
  /** Makes the writes that are asked for within stand or fall together. */
  readonly together: <T>(ask: () => T) => T;
  /** Hears of storage that fails for good. */
  readonly onFault: (error: Error) => void;
}

/** What has been heard of an execution's current run. */
interface OpenRun {
  run: number;
  visits: Visit[];
}

interface EndedRun {
  readonly executionId: string;
  readonly run: number;
}

/**
 * The observer of the local twin: hears the engine's changes in its own process, writes events and metrics a little
 * later, off the path that nodes wait on.
 *
 * Its change feed lives in memory, so that a crash loses what was not written. Each execution therefore has an
 * `OBSERVED` mark, put when it is first heard of and cleared in the transaction that writes its end and its metrics. What
 * bears one is looked at again, and what its items tell and its history lacks is added.
 */
export class LocalMonitor {
  readonly #parts: MonitorParts;
  #heard: ChangeRecord[] = [];
  readonly #buffers = new Map<string, HistoryBuffer>();
  readonly #open = new Map<string, OpenRun>();
  #ended: (Sample & EndedRun)[] = [];
  /** Counted in the book, whose windows could not be written yet. */
  #counted: EndedRun[] = [];
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #book: WindowBook;
  #cancelFlush: (() => void) | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #writes = 0;
  #isClosed = false;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    this.#book = new WindowBook(() => `local-${parts.newId()}`);
  }

  /** Cheap: what need not be told at once is looked at in one go later. */
  hear(records: readonly ChangeRecord[]): void {
    let isUrgent = this.#parts.feed.isWanted;
    for (const record of records) {
      const type = itemType(record.key.sk);
      if (!EVENTFUL.has(type)) continue;
      this.#heard.push(record);
      isUrgent ||= type === 'META';
    }
    if (this.#heard.length === 0) return;
    if (isUrgent) this.#digest();
    this.#cancelFlush ??= this.#parts.clock.after(FLUSH_MS, () => void this.flush());
  }

  /**
   * Writes what was heard so far. Never throws: what could not be written is tried again, and found again when the file is
   * next opened.
   */
  flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#flushing = this.#flushing.then(() => this.#write()).catch((error: unknown) => this.#failed(error));
    return this.#flushing;
  }

  /** How often something was written. */
  get writes(): number {
    return this.#writes;
  }

  /**
   * Resolves when more of the execution's history is written; after `maxMs`, or when `signal` aborts, in any case.
   * @param seen `writes` before the history was looked at: what was written since then counts
   */
  async written(executionId: string, seen: number, maxMs: number, signal?: AbortSignal): Promise<void> {
    if (seen !== this.#writes || signal?.aborted === true) return;
    const waiters = this.#waiters.get(executionId) ?? new Set();
    this.#waiters.set(executionId, waiters);
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal?.removeEventListener('abort', done);
        waiters.delete(done);
        if (waiters.size === 0) this.#waiters.delete(executionId);
        resolve();
      };
      const cancel = this.#parts.clock.after(maxMs, done, { isLook: true });
      waiters.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** Adds to the history of an execution that was not in this engine's hands what its items tell. */
  async adopt(meta: MetaItem): Promise<void> {
    const { executionId } = meta;
    const standing = await this.#complete(meta);
    const run = Math.max(1, ...standing.map((event) => event.run));
    const visits = standing.filter((event) => event.run === run).map(visitIn);
    this.#open.set(executionId, { run, visits: visits.filter((visit) => visit !== undefined) });
    await this.#parts.store.events.markOpen(executionId, this.#parts.clock.nowMs());
  }

  /** Makes good what a crash took from executions that had ended. */
  async recover(): Promise<void> {
    const { store, logger } = this.#parts;
    const marked = await store.events.marked().catch((error: unknown) => {
      logger.error('histories could not be completed', { error });
      return [];
    });
    for (const executionId of marked) {
      try {
        const meta = await store.executions.loadMeta(executionId);
        if (meta === undefined || !isTerminal(meta.status)) continue;
        const ended = (await this.#complete(meta)).find((event) => event.type === 'ExecutionEnded');
        if (ended === undefined) continue;
        this.#ended.push({ ...(await loadSample(store, ended, meta.resultShards)), executionId, run: ended.run });
        await this.flush();
      } catch (error) {
        logger.error('history could not be completed', { executionId, error });
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#writes++;
    for (const waiters of this.#waiters.values()) for (const wake of [...waiters]) wake();
  }

  #digest(): void {
    const heard = this.#heard;
    this.#heard = [];
    for (const record of heard) {
      try {
        for (const event of toEvents(record)) this.#hear(event);
      } catch (error) {
        this.#parts.logger.error('change cannot be observed', { item: record.key, error });
      }
    }
  }

  #hear(event: ExecutionEvent): void {
    const { executionId, run } = event;
    this.#bufferOf(executionId).push(event);
    const open = this.#open.get(executionId);
    const visit = visitIn(event);
    if (visit !== undefined && open?.run === run) open.visits.push(visit);
    if (event.type === 'ExecutionStarted' || event.type === 'ExecutionRedriven') {
      this.#open.set(executionId, { run, visits: [] });
      this.#parts.store.events
        .markOpen(ExecutionId.parse(executionId), this.#parts.clock.nowMs())
        .catch((error: unknown) => this.#parts.logger.error('execution could not be marked', { executionId, error }));
    }
    if (event.type === 'ExecutionEnded') {
      this.#ended.push({ ...sampleOf(event, open?.visits ?? []), executionId, run });
      this.#open.delete(executionId);
    }
    this.#parts.feed.tell(event);
  }

  #failed(error: unknown): void {
    const { clock, logger, onFault } = this.#parts;
    // Whoever waits for the engine is told; it does not have to be said twice.
    if (error instanceof DatabaseError) {
      onFault(error);
      return;
    }
    logger.error('history could not be written', { error });
    if (!this.#isClosed) this.#cancelFlush ??= clock.after(RETRY_MS, () => void this.flush(), { isBackground: true });
  }

  /** All or nothing: an end whose mark is cleared has its events and is counted, one whose mark stands is not. */
  async #write(): Promise<void> {
    const { store, clock, together } = this.#parts;
    this.#digest();
    const told = new Map<string, ExecutionEvent[]>();
    for (const [executionId, buffer] of this.#buffers) {
      if (buffer.isHeld) continue;
      this.#buffers.delete(executionId);
      told.set(executionId, buffer.take());
    }
    const { held = [], counted = [] } = Object.groupBy(this.#ended, ({ executionId }) =>
      this.#buffers.has(executionId) ? 'held' : 'counted',
    );
    this.#ended = held;
    for (const sample of counted) this.#book.add(sample);
    this.#counted.push(...counted);
    const windows = this.#book.take();
    const marked = this.#counted;
    this.#counted = [];
    if (told.size + windows.length + marked.length === 0) return;
    const writes = together(() => [
      ...[...told].map(([executionId, events]) =>
        store.events.put(executionPk(ExecutionId.parse(executionId)), events),
      ),
      ...windows.map((window) => store.metrics.put(window)),
      ...marked
        // Redriven meanwhile, it is under way again.
        .filter(({ executionId }) => !this.#open.has(executionId))
        .map(({ executionId, run }) => store.events.markCounted(ExecutionId.parse(executionId), run)),
    ]);
    try {
      await Promise.all(writes);
    } catch (error) {
      for (const [executionId, events] of told) this.#bufferOf(executionId).putBack(events);
      this.#book.putBack(windows);
      this.#counted.unshift(...marked);
      throw error;
    }
    this.#book.letGo(clock.nowMs());
    this.#writes++;
    for (const executionId of told.keys()) for (const wake of [...(this.#waiters.get(executionId) ?? [])]) wake();
  }

  /** Adds what an execution's items tell and its history lacks, and gives all that they tell. */
  async #complete(meta: MetaItem): Promise<BareEvent[]> {
    const { executionId } = meta;
    const { events } = this.#parts.store;
    const buffer = this.#bufferOf(executionId);
    buffer.hold();
    let known = new Set<string>();
    try {
      const standing: BareEvent[] = [];
      const { ids, last = '0.0' } = await events.written(executionId);
      known = ids;
      for await (const item of events.eventful(meta)) standing.push(...eventsOf(item));
      standing.sort((a, b) => a.atMs - b.atMs || rankOf(a) - rankOf(b));
      const missing = standing
        .filter(({ id }) => !ids.has(id))
        .map((event, index) => ({ ...event, position: behind(last, index + 1) }));
      await events.put(executionPk(executionId), missing);
      known = new Set([...ids, ...missing.map(({ id }) => id)]);
      return standing;
    } finally {
      this.#digest();
      buffer.release(known);
      if (buffer.isEmpty) this.#buffers.delete(executionId);
    }
  }

  #bufferOf(executionId: string): HistoryBuffer {
    const known = this.#buffers.get(executionId);
    if (known !== undefined) return known;
    const buffer = new HistoryBuffer();
    this.#buffers.set(executionId, buffer);
    return buffer;
  }
}

/** Of what happened in the same millisecond. */
const rankOf = ({ type }: BareEvent): number =>
  type === 'ExecutionStarted' || type === 'ExecutionRedriven' ? 0 : type === 'ExecutionEnded' ? 2 : 1;
