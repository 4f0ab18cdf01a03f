import { accessSync, constants, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseError } from '../../errors.ts';
import { acquireEngineLock, type EngineLock } from './engine-lock.ts';
import { FilesInPlace } from './files-in-place.ts';
import { toDatabaseError } from './sqlite-errors.ts';

/** `fanj` in ASCII, in the file's header: what makes a database ours. */
const APPLICATION_ID = 0x66616e6a;
const SCHEMA_VERSION = 3;
const BUSY_TIMEOUT_MS = 5_000;
/** 16 MB of log, four times SQLite's own bound: a page that is written often is copied to the database seldom. */
const CHECKPOINT_PAGES = 4_000;

// Items lie in the order in which they were written, and only their keys are sorted: a commit then rewrites a few pages
// for all executions that are under way, where items sorted by key would take one or more for each. (Older files may have
// them sorted: the same statements read both.)
const SCHEMA = `
  CREATE TABLE items (
    pk TEXT NOT NULL, sk TEXT NOT NULL, item TEXT NOT NULL, due_shard TEXT, due_at_ms REAL,
    workflow TEXT, listed_as TEXT,
    PRIMARY KEY (pk, sk)
  );
  CREATE INDEX items_due ON items (due_shard, due_at_ms) WHERE due_shard IS NOT NULL;
  CREATE INDEX items_listed ON items (workflow, listed_as) WHERE workflow IS NOT NULL;
  CREATE TABLE outbox (id INTEGER PRIMARY KEY, before TEXT, after TEXT);
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE blobs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, size INTEGER NOT NULL);
  CREATE TABLE blob_parts (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** From each version to the next. */
const UPGRADES: readonly string[] = [
  // 1: executions get their place in the index of executions.
  `
  ALTER TABLE items ADD COLUMN workflow TEXT;
  ALTER TABLE items ADD COLUMN listed_as TEXT;
  CREATE INDEX items_listed ON items (workflow, listed_as) WHERE workflow IS NOT NULL;
  UPDATE items SET
    workflow = coalesce(item ->> '$.workflow', item ->> '$."$tagged".workflow'),
    listed_as = printf('%015d#%s', coalesce(item ->> '$.startedAtMs', item ->> '$."$tagged".startedAtMs'), substr(pk, 6))
  WHERE sk = 'META';
  UPDATE items SET
    item = json_set(item, iif(item LIKE '{"$tagged":%', '$."$tagged".listedAs', '$.listedAs'), listed_as)
  WHERE sk = 'META';
  INSERT OR IGNORE INTO items (pk, sk, item)
    SELECT DISTINCT 'WORKFLOWS', workflow,
      json_object('pk', 'WORKFLOWS', 'sk', workflow, 'v', 1, 'createdAtMs', 0)
    FROM items WHERE workflow IS NOT NULL;
  `,
  // 2: that index tells which ended without success.
  `
  UPDATE items SET
    item = json_set(
      item,
      iif(item LIKE '{"$tagged":%', '$."$tagged".endedAs', '$.endedAs'),
      coalesce(item ->> '$.status', item ->> '$."$tagged".status')
    )
  WHERE sk = 'META'
    AND coalesce(item ->> '$.status', item ->> '$."$tagged".status') IN ('FAILED', 'TIMED_OUT', 'CANCELLED');
  `,
];

export interface OpenedConnection {
  readonly connection: DatabaseSync;
  /** The absolute path, links resolved; `:memory:` for none. */
  readonly file: string;
  readonly lock?: EngineLock;
  /** Absent of `:memory:`. */
  readonly files?: FilesInPlace;
}

/**
 * Opens a database that is ours, or makes one of an absent or empty file; parent directories are created. Nothing is
 * written to a file that turns out not to be ours.
 *
 * @throws DatabaseError when it cannot serve; its code says why.
 */
export function openConnection(path: string, mode: 'engine' | 'client'): OpenedConnection {
  if (path === ':memory:') {
    const connection = new DatabaseSync(path);
    connection.exec(SCHEMA);
    return { connection, file: path };
  }
  const file = preparePath(path);
  let connection: DatabaseSync | undefined;
  let lock: EngineLock | undefined;
  try {
    connection = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    const found = identify(connection, file);
    if (mode === 'engine') lock = acquireEngineLock(file);
    // WAL with a sync on every commit: what was acknowledged survives a power cut, and readers never wait.
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
    connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    // To look beside an engine takes no lock: it may be in the middle of a long write, or stopped there.
    if (mode === 'engine' || found !== SCHEMA_VERSION) {
      connection.exec('BEGIN IMMEDIATE');
      // Looked at again under the write lock: another process may have made the schema meanwhile.
      const now = found === SCHEMA_VERSION ? found : identify(connection, file);
      if (now === 'new') connection.exec(SCHEMA);
      else for (const upgrade of UPGRADES.slice(now - 1)) connection.exec(upgrade);
      if (now !== SCHEMA_VERSION) connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      connection.exec('COMMIT');
    }
    return { connection, file, files: new FilesInPlace(file), ...(lock !== undefined && { lock }) };
  } catch (error) {
    connection?.close();
    lock?.release();
    throw toDatabaseError(error, file);
  }
}

function preparePath(path: string): string {
  const directory = dirname(resolve(path));
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new DatabaseError(
      mkdirErrorCode(error),
      `The directory '${directory}' of the database cannot be created: ${String(error)}`,
      error,
    );
  }
  // One file under two names must have one lock.
  const file = existsSync(path) ? realpathSync(path) : join(realpathSync(directory), basename(path));
  for (const target of [dirname(file), file]) {
    if (!existsSync(target)) continue;
    try {
      accessSync(target, constants.R_OK | constants.W_OK);
    } catch (error) {
      const what = target === file ? 'The database' : 'The directory of the database';
      throw new DatabaseError(
        'DATABASE_READ_ONLY',
        `${what}, '${target}', is not writable. Change its permissions, or choose another file.`,
        error,
      );
    }
  }
  return file;
}

function mkdirErrorCode(error: unknown): 'DATABASE_READ_ONLY' | 'DATABASE_FULL' | 'DATABASE_FAILED' {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'DATABASE_READ_ONLY';
  return code === 'ENOSPC' ? 'DATABASE_FULL' : 'DATABASE_FAILED';
}

/** Gives the version of its schema. */
function identify(connection: DatabaseSync, file: string): 'new' | number {
  const applicationId = readNumber(connection, 'SELECT application_id AS value FROM pragma_application_id');
  const version = readNumber(connection, 'SELECT user_version AS value FROM pragma_user_version');
  const objects = readNumber(connection, 'SELECT count(*) AS value FROM sqlite_schema');
  if (applicationId === 0 && version === 0 && objects === 0) return 'new';
  if (applicationId !== APPLICATION_ID) {
    throw new DatabaseError(
      'DATABASE_NOT_OURS',
      `The SQLite database '${file}' belongs to another program. Choose another file.`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new DatabaseError(
      'DATABASE_TOO_NEW',
      `The database '${file}' was written by a newer fanjoin (schema ${version}; this one knows ${SCHEMA_VERSION}). Update fanjoin, or choose another file.`,
    );
  }
  return version;
}

function readNumber(connection: DatabaseSync, sql: string): number {
  return Number(connection.prepare(sql).get()?.value);
}
