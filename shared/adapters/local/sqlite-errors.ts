import { DatabaseError, FanjoinError, TableUnavailableError } from '../../errors.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** The shared memory beside a write-ahead log cannot grow: what a full disk looks like when a database is opened. */
const SQLITE_IOERR_SHMSIZE = 4874;

/** The primary result code of an error of `node:sqlite`, whose `errcode` is the extended one. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return undefined;
  return error.errcode === SQLITE_IOERR_SHMSIZE ? SQLITE.full : error.errcode & 0xff;
}

export const isBusy = (error: unknown): boolean =>
  sqliteCode(error) === SQLITE.busy || sqliteCode(error) === SQLITE.locked;

/** Translates what SQLite threw about `file`; errors of our own pass through. */
export function toDatabaseError(error: unknown, file: string): Error {
  if (error instanceof FanjoinError) return error;
  const code = sqliteCode(error);
  switch (code) {
    case undefined:
      // Not SQLite's: a mistake in the code that ran inside the transaction. Its own stack tells more than a wrapper.
      return error instanceof Error ? error : new Error(String(error));
    case SQLITE.busy:
    case SQLITE.locked:
      return new TableUnavailableError(`another process is writing to '${file}'`, error);
    case SQLITE.full:
      return new DatabaseError(
        'DATABASE_FULL',
        `The disk is full: '${file}' cannot grow, and this write did not happen. Free some space.`,
        error,
      );
    case SQLITE.readOnly:
      return new DatabaseError(
        'DATABASE_READ_ONLY',
        `The database '${file}' is read-only. Make the file and its directory writable.`,
        error,
      );
    case SQLITE.ioError:
      return new DatabaseError(
        'DATABASE_FAILED',
        `The disk of '${file}' failed, was detached or became read-only, and this write or read did not happen. Put it right, and go on.`,
        error,
      );
    case SQLITE.notADatabase:
      return new DatabaseError(
        'DATABASE_NOT_OURS',
        `The file '${file}' is not a SQLite database. Choose another file.`,
        error,
      );
    case SQLITE.corrupt:
      return new DatabaseError(
        'DATABASE_FAILED',
        `The database '${file}' is damaged. Restore it from a copy, or start with a new file.`,
        error,
      );
    case SQLITE.cannotOpen:
      return new DatabaseError(
        'DATABASE_FAILED',
        `The database '${file}' cannot be opened: is it a directory, or its path wrong?`,
        error,
      );
    default:
      return new DatabaseError(
        'DATABASE_FAILED',
        `The database '${file}' failed (SQLite code ${code}): ${String(error)}`,
        error,
      );
  }
}
