import { randomBytes } from 'node:crypto';
import { openConnection } from '../../../shared/adapters/local/open-connection.ts';

/** Commits that carry as much as a workload's do. */
export interface FloorSize {
  /** One after another: a node's result, before the next node may start. */
  readonly commits: number;
  readonly bytesPerCommit: number;
}

/**
 * How long nothing but the commits takes: one row each, one sync to disk each, in a file with the engine's own schema and
 * settings, on the same file system. No executor with one SQLite file that keeps each result before it goes on is faster.
 */
export class CommitFloor implements Disposable {
  readonly #opened: ReturnType<typeof openConnection>;
  #rows = 0;

  /** @param file in the folder of the database that is measured beside it */
  constructor(file: string) {
    this.#opened = openConnection(file, 'engine');
  }

  measureMs({ commits, bytesPerCommit }: FloorSize): number {
    const { connection } = this.#opened;
    const insert = connection.prepare('INSERT INTO items (pk, sk, item) VALUES (?, ?, ?)');
    const text = randomBytes(Math.ceil(bytesPerCommit / 2)).toString('hex');
    const startedMs = performance.now();
    for (let commit = 0; commit < commits; commit++) {
      connection.exec('BEGIN IMMEDIATE');
      insert.run('FLOOR', String(this.#rows++), text);
      connection.exec('COMMIT');
    }
    return performance.now() - startedMs;
  }

  [Symbol.dispose](): void {
    this.#opened.connection.close();
    this.#opened.lock?.release();
  }
}
