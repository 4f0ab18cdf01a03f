import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { DatabaseError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { ChangePublisher, type FeedDatabase } from './change-publisher.ts';
import { type OpenedConnection, openConnection } from './open-connection.ts';
import { toDatabaseError } from './sqlite-errors.ts';

export interface DatabaseOptions {
  /** `engine` executes workflows and is the only one of its file; a `client` reads and writes beside it. */
  readonly mode: 'engine' | 'client';
  readonly clock: Clock;
}

/** Operations, or groups of them, of one transaction; more would keep timers and heartbeats waiting. */
const MAX_OPERATIONS_PER_COMMIT = 4_096;

interface PendingWrite {
  /** Runs the operation; gives what settles its promise once it is committed. */
  readonly run: () => () => void;
  readonly reject: (error: Error) => void;
}

/** Writes that stand or fall together; most stand alone. */
type Unit = PendingWrite[];

/**
 * Opens the database `path`, or one in memory (`:memory:`), which has neither lock nor file.
 *
 * @throws DatabaseError when the file cannot serve; its code says why.
 */
export function openDatabase(path: string, options: DatabaseOptions): SqliteDatabase {
  return new SqliteDatabase(openConnection(path, options.mode), options);
}

/**
 * A SQLite file with grouped commits: writes that are requested in one turn of the event loop share one transaction and
 * one sync to disk, then all resolve. One that fails fails alone.
 */
export class SqliteDatabase implements FeedDatabase, AsyncDisposable {
  readonly mode: 'engine' | 'client';
  readonly file: string;
  readonly connection: DatabaseSync;
  readonly changes: ChangePublisher;
  readonly #opened: OpenedConnection;
  readonly #statements = new Map<string, StatementSync>();
  #queue: Unit[] = [];
  /** What `together` gathers. */
  #gathering: Unit | undefined;
  #flushRequested = false;
  #commits = 0;
  #isClosed = false;

  constructor(opened: OpenedConnection, options: DatabaseOptions) {
    this.mode = options.mode;
    this.file = opened.file;
    this.connection = opened.connection;
    this.#opened = opened;
    this.changes = new ChangePublisher(this, options.clock);
  }

  /** Transactions committed so far. */
  get commits(): number {
    return this.#commits;
  }

  /** The prepared statement of `sql`, prepared once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#isClosed) throw this.#closedError();
      statement = this.connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `operation` in the next transaction; it may run twice, if that one has to be repeated. Resolves when durable. */
  write<T>(operation: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(this.#closedError());
    return new Promise<T>((resolve, reject) => {
      const run = () => {
        const result = operation();
        return () => resolve(result);
      };
      if (this.#gathering === undefined) this.#queue.push([{ run, reject }]);
      else this.#gathering.push({ run, reject });
      this.requestFlush();
    });
  }

  /** The writes that `ask` requests before it returns stand or fall together, whatever becomes of those beside them. */
  together<T>(ask: () => T): T {
    const unit: Unit = [];
    this.#gathering = unit;
    try {
      return ask();
    } finally {
      this.#gathering = undefined;
      if (unit.length > 0) this.#queue.push(unit);
    }
  }

  /** Runs `operation` against what is committed, and translates its errors. */
  read<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw toDatabaseError(error, this.file);
    }
  }

  requestFlush(): void {
    if (this.#flushRequested || this.#isClosed) return;
    this.#flushRequested = true;
    setImmediate(() => this.#flush());
  }

  /** Commits what is pending and releases the file. Writes and reads after it fail. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    while (this.#queue.length > 0) this.#flush();
    this.#isClosed = true;
    this.changes.stop();
    this.#statements.clear();
    this.connection.close();
    this.#opened.lock?.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #flush(): void {
    this.#flushRequested = false;
    if (this.#isClosed) return;
    const batch = this.#queue.splice(0, MAX_OPERATIONS_PER_COMMIT);
    if (this.#queue.length > 0) this.requestFlush();
    this.#commit(batch);
    this.changes.publish();
  }

  #commit(batch: readonly Unit[]): void {
    const settle: (() => void)[] = [];
    try {
      this.#assertInPlace();
      this.statement('BEGIN IMMEDIATE').run();
    } catch (error) {
      this.changes.discard();
      for (const { reject } of batch.flat()) reject(toDatabaseError(error, this.file));
      return;
    }
    try {
      this.changes.drainOutbox();
      for (const { run } of batch.flat()) settle.push(run());
      this.statement('COMMIT').run();
    } catch (error) {
      this.#rollBack();
      const [only, ...others] = batch;
      if (only === undefined) return;
      if (others.length === 0) {
        for (const { reject } of only) reject(toDatabaseError(error, this.file));
        return;
      }
      // One of them failed, and the transaction with it: each once more alone, so that the others do not pay for it.
      for (const unit of batch) {
        this.#commit([unit]);
        this.changes.publish();
      }
      return;
    }
    this.#commits++;
    for (const resolve of settle) resolve();
  }

  #rollBack(): void {
    this.changes.discard();
    // SQLite rolls back by itself on some errors, a full disk among them.
    if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
  }

  /** What is acknowledged must be found under the file's name again. */
  #assertInPlace(): void {
    const missing = this.#opened.files?.missing();
    if (missing === undefined) return;
    throw new DatabaseError(
      'DATABASE_GONE',
      `The file '${missing}' was deleted, moved or replaced while the database was in use, and this write did not happen. What is kept is in '${this.file}', if that is there: start again with it, or with a copy of it.`,
    );
  }

  #closedError(): DatabaseError {
    return new DatabaseError('DATABASE_FAILED', `The database '${this.file}' was closed.`);
  }
}
