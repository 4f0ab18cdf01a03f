import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseError } from '../../errors.ts';
import { isBusy, toDatabaseError } from './sqlite-errors.ts';

/** Held by the one live engine of a database file. */
export interface EngineLock {
  release(): void;
}

/** Keeps the connections from the garbage collector, which would close them and so give the lock away. */
const heldConnections = new Set<DatabaseSync>();

/**
 * Takes the engine's lock of `file`: an exclusive transaction on `<file>-lock`, left open. The operating system drops
 * it with the process, however that ends.
 *
 * @throws DatabaseError `DATABASE_IN_USE` when another engine holds it.
 */
export function acquireEngineLock(file: string): EngineLock {
  const lockFile = `${file}-lock`;
  // A file of its own: closing any handle of a locked file would drop the process's POSIX locks on it.
  const pidFile = `${file}-lock.pid`;
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(lockFile, { timeout: 0 });
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection?.close();
    if (!isBusy(error)) throw toDatabaseError(error, lockFile);
    throw new DatabaseError(
      'DATABASE_IN_USE',
      `The database '${file}' is in use by another engine${describeHolder(pidFile)}. Stop it, or choose another file.`,
      error,
    );
  }
  const held = connection;
  heldConnections.add(held);
  noteHolder(pidFile);
  return {
    release() {
      // The lock file itself stays: removing it would let two engines lock two files of one name.
      rmSync(pidFile, { force: true });
      held.close();
      heldConnections.delete(held);
    },
  };
}

function noteHolder(pidFile: string): void {
  try {
    writeFileSync(pidFile, String(process.pid));
  } catch {
    // Only a hint for a message: no reason not to start.
  }
}

function describeHolder(pidFile: string): string {
  try {
    return ` (process ${readFileSync(pidFile, 'utf8')})`;
  } catch {
    return '';
  }
}
