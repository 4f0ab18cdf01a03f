import type { StatementSync } from 'node:sqlite';
import type { ChangeRecord } from '../../ports/change-feed.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Item } from '../../ports/item-table.ts';
import { decodeItem } from './item-encoding.ts';

export type ChangeListener = (records: readonly ChangeRecord[]) => void;

/** One change of one item, as it is committed; texts as `encodeItem` writes them. */
export interface ItemTransition {
  readonly before?: Item;
  readonly after?: Item;
  readonly beforeText?: string;
  readonly afterText?: string;
}

const POLL_MS = 100;
/** Sequence numbers are reserved in the file in blocks, so that a commit seldom has to write one. */
const RESERVED_AT_ONCE = 1_000_000;

/** What the feed needs of the database that it is the feed of. */
export interface FeedDatabase {
  readonly mode: 'engine' | 'client';
  /** `:memory:`: no other process has it. */
  readonly file: string;
  statement(sql: string): StatementSync;
  /** Asks for a transaction, though there may be nothing to write: what others left is taken first of all. */
  requestFlush(): void;
}

/**
 * The change feed of a database file. The engine's own changes go to its listeners after their commit. Those of other
 * processes lie in the `outbox` table until the engine, which looks for foreign commits every 100 ms, takes them: always
 * before changes of its own, so that the records of an item come in the order of its writes.
 */
export class ChangePublisher {
  readonly #database: FeedDatabase;
  readonly #clock: Clock;
  readonly #listeners = new Set<ChangeListener>();
  #pending: ChangeRecord[] = [];
  #lastSequence = 0;
  #reservedUntil = 0;
  #seenVersion = 0;
  #cancelPoll: (() => void) | undefined;

  constructor(database: FeedDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    if (this.#cancelPoll === undefined && this.#database.file !== ':memory:') {
      // Commits made before anyone listened may have left something.
      this.#database.requestFlush();
      this.#poll();
    }
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#cancelPoll?.();
    this.#listeners.clear();
  }

  /** Within a transaction, first of all: takes what other processes left. */
  drainOutbox(): void {
    if (this.#listeners.size === 0 || this.#database.file === ':memory:') return;
    const rows = this.#database.statement('SELECT id, before, after FROM outbox ORDER BY id').all();
    if (rows.length === 0) return;
    for (const { before, after } of rows) {
      this.#add({
        ...(typeof before === 'string' && { before: decodeItem(before) }),
        ...(typeof after === 'string' && { after: decodeItem(after) }),
      });
    }
    this.#database.statement('DELETE FROM outbox WHERE id <= ?').run(Number(rows.at(-1)?.id));
  }

  /** Within a transaction: notes a change for the listeners, here or in the process of the engine. */
  record(transition: ItemTransition): void {
    if (this.#database.mode === 'engine') {
      if (this.#listeners.size > 0) this.#add(transition);
      return;
    }
    const { beforeText = null, afterText = null } = transition;
    this.#database.statement('INSERT INTO outbox (before, after) VALUES (?, ?)').run(beforeText, afterText);
  }

  /** After the commit: tells the listeners. */
  publish(): void {
    const records = this.#pending;
    if (records.length === 0) return;
    this.#pending = [];
    for (const listener of this.#listeners) listener(records);
  }

  /** After a rollback: nothing happened, and what lies in the outbox is still to be taken. */
  discard(): void {
    this.#pending = [];
    this.#reservedUntil = 0;
    this.#seenVersion = -1;
  }

  #add({ before, after }: ItemTransition): void {
    const item = after ?? before;
    if (item === undefined) return;
    this.#pending.push({
      sequence: this.#nextSequence(),
      key: { pk: item.pk, sk: item.sk },
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    });
  }

  #nextSequence(): string {
    const next = this.#lastSequence + 1;
    this.#lastSequence = next <= this.#reservedUntil ? next : this.#reserve();
    return String(this.#lastSequence);
  }

  /** Ascends across restarts even when the clock was set back. */
  #reserve(): number {
    const row = this.#database.statement("SELECT value FROM counters WHERE name = 'sequence'").get();
    const first = Math.max(this.#lastSequence + 1, Number(row?.value ?? 0) + 1, this.#clock.nowMs() * 1_000);
    this.#reservedUntil = first + RESERVED_AT_ONCE;
    this.#database
      .statement("INSERT OR REPLACE INTO counters (name, value) VALUES ('sequence', ?)")
      .run(this.#reservedUntil);
    return first;
  }

  #poll(): void {
    this.#cancelPoll = this.#clock.after(
      POLL_MS,
      () => {
        // Changes only through commits of other connections.
        const version = Number(this.#database.statement('PRAGMA data_version').get()?.data_version);
        if (version !== this.#seenVersion) {
          this.#seenVersion = version;
          this.#database.requestFlush();
        }
        this.#poll();
      },
      { isBackground: true },
    );
  }
}
