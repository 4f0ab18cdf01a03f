import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach } from 'vitest';
import { openDatabase, type SqliteDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';

const PROCESS = fileURLToPath(new URL('../support/database-process.ts', import.meta.url));

export interface DatabaseFile {
  /** A directory of the running test's own. */
  readonly directory: string;
  /** Where its database lies, in {@link directory}. */
  readonly file: string;
  open(mode?: 'engine' | 'client', path?: string): SqliteDatabase;
  /** Starts a process on the file, in a role of `test/support/database-process.ts`. */
  start(role: string, identity?: { readonly uid?: number; readonly gid?: number }): ChildProcess;
}

/** A database file for each test; what is opened and started on it is closed, killed and removed after the test. */
export function useDatabaseFile(): DatabaseFile {
  let directory: string;
  let file: string;
  let opened: SqliteDatabase[];
  let children: ChildProcess[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fanjoin-sqlite-'));
    file = join(directory, 'test.db');
    opened = [];
    children = [];
  });

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(opened.map((database) => database.close()));
    rmSync(directory, { recursive: true });
  });

  return {
    get directory() {
      return directory;
    },
    get file() {
      return file;
    },
    open(mode = 'engine', path = file) {
      const database = openDatabase(path, { mode, clock: systemClock });
      opened.push(database);
      return database;
    },
    start(role, identity = {}) {
      const child = spawn(process.execPath, [PROCESS, role, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
        ...identity,
      });
      children.push(child);
      return child;
    },
  };
}

/** Everything a child prints until it ends. */
export async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return output;
}

export async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stdout !== null) await once(child.stdout, 'data');
}
