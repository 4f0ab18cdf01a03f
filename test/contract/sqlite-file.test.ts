import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase, type SqliteDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { compareSequence } from '../../shared/ports/change-feed.ts';
import { queryAll } from './table-contract.ts';

const PROCESS = fileURLToPath(new URL('../support/database-process.ts', import.meta.url));
const NOBODY = 65_534;

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

function open(mode: 'engine' | 'client' = 'engine', path = file): SqliteDatabase {
  const database = openDatabase(path, { mode, clock: systemClock });
  opened.push(database);
  return database;
}

function start(role: string, identity: { uid?: number; gid?: number } = {}): ChildProcess {
  const child = spawn(process.execPath, [PROCESS, role, file], { stdio: ['ignore', 'pipe', 'inherit'], ...identity });
  children.push(child);
  return child;
}

/** Everything a child prints until it ends. */
async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return output;
}

async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stdout !== null) await once(child.stdout, 'data');
}

/** Root may write anything, so what is forbidden is tried as somebody else. */
const openUnprivileged = (): Promise<string> => outputOf(start('open', process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}));

describe('a file that cannot serve', () => {
  it('that is no database is left alone', () => {
    writeFileSync(file, 'Dear diary,\n'.repeat(500));

    expect(() => open()).toThrow(expect.objectContaining({ code: 'DATABASE_NOT_OURS' }));

    expect(readFileSync(file, 'utf8')).toBe('Dear diary,\n'.repeat(500));
    expect(existsSync(`${file}-lock`)).toBe(false);
  });

  it.each([
    ['with other tables', 'CREATE TABLE recipes (name TEXT)'],
    ['with another application id', 'PRAGMA application_id = 1'],
    ['with a version of its own', 'PRAGMA user_version = 7'],
  ])('that is a database of another program, %s, is left alone', (_claim, sql) => {
    const foreign = new DatabaseSync(file);
    foreign.exec(sql);
    foreign.close();
    const bytes = readFileSync(file);

    expect(() => open()).toThrow(expect.objectContaining({ code: 'DATABASE_NOT_OURS' }));
    expect(() => open('client')).toThrow(expect.objectContaining({ code: 'DATABASE_NOT_OURS' }));

    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('that a newer version wrote is refused, with what to do', async () => {
    const database = open();
    database.connection.exec('PRAGMA user_version = 99');
    await database.close();

    expect(() => open()).toThrow(expect.objectContaining({ code: 'DATABASE_TOO_NEW', message: expect.stringContaining('Update fanjoin') }));
  });

  it('that is a directory, or lies in a file, is refused', () => {
    mkdirSync(file);
    writeFileSync(join(directory, 'text'), '');

    expect(() => open()).toThrow(expect.objectContaining({ code: 'DATABASE_FAILED' }));
    expect(() => open('engine', join(directory, 'text', 'test.db'))).toThrow(expect.objectContaining({ code: 'DATABASE_FAILED' }));
  });

  it('that is read-only is refused', async () => {
    await open().close();
    chmodSync(directory, 0o777);
    chmodSync(file, 0o444);

    expect(await openUnprivileged()).toMatch(/^DATABASE_READ_ONLY: .*is not writable/);
  });

  it('in a directory that is not writable is refused, there or not', async () => {
    chmodSync(directory, 0o555);

    expect(await openUnprivileged()).toMatch(/^DATABASE_READ_ONLY: .*directory/);

    chmodSync(directory, 0o755);
    await open().close();
    chmodSync(file, 0o666);
    chmodSync(directory, 0o555);
    expect(await openUnprivileged()).toMatch(/^DATABASE_READ_ONLY: .*directory/);
    chmodSync(directory, 0o755);
  });
});

describe('opening', () => {
  it('creates the directories above', async () => {
    const path = join(directory, 'a', 'b', 'test.db');

    await new SqliteItemTable(open('engine', path)).put({ pk: 'P', sk: 'A' });

    expect(existsSync(path)).toBe(true);
  });

  it('takes an empty file', async () => {
    writeFileSync(file, '');

    await new SqliteItemTable(open()).put({ pk: 'P', sk: 'A' });
  });

  it('finds again what was written before it was closed', async () => {
    const first = open();
    await new SqliteItemTable(first).put({ pk: 'P', sk: 'A', tags: new Set(['t']) });
    await new SqliteBlobStore(first).put('key', new Uint8Array(300_000).fill(7));
    await first.close();

    const second = open();

    expect(await new SqliteItemTable(second).get({ pk: 'P', sk: 'A' })).toStrictEqual({ pk: 'P', sk: 'A', tags: new Set(['t']) });
    expect(await new SqliteBlobStore(second).get('key', { start: 299_999, length: 9 })).toStrictEqual(new Uint8Array([7]));
  });

  it('syncs every commit to a write-ahead log', () => {
    const { connection } = open();

    expect(connection.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    expect(connection.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
  });

  it('does not keep a process alive that only listens', async () => {
    expect(await outputOf(start('listen'))).toBe('ready\n');
  });
});

describe('the one live engine', () => {
  it('keeps another out, in this process and in others, under any name, until it is closed', async () => {
    const first = open();
    symlinkSync(file, join(directory, 'link.db'));

    const refusal = expect.objectContaining({ code: 'DATABASE_IN_USE', message: expect.stringContaining(`process ${process.pid}`) });
    expect(() => open()).toThrow(refusal);
    expect(() => open('engine', join(directory, 'link.db'))).toThrow(refusal);
    expect(await outputOf(start('open'))).toMatch(/^DATABASE_IN_USE/);

    await first.close();
    expect(await outputOf(start('open'))).toBe('ok\n');
    open();
  });

  it('lets clients in', async () => {
    const table = new SqliteItemTable(open());
    await table.put({ pk: 'P', sk: 'A' });

    const client = new SqliteItemTable(open('client'));
    await client.put({ pk: 'P', sk: 'B' });

    expect(await queryAll(client, 'P')).toHaveLength(2);
    expect(await queryAll(table, 'P')).toHaveLength(2);
  });

  it('that is killed frees the file at once', async () => {
    const holder = start('hold');
    await untilReady(holder);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'DATABASE_IN_USE', message: expect.stringContaining(`process ${holder.pid}`) }));

    holder.kill('SIGKILL');
    await once(holder, 'exit');

    open();
  });
});

describe('grouped commits', () => {
  it('put the writes of one turn into one transaction', async () => {
    const database = open();
    const table = new SqliteItemTable(database);
    const blobs = new SqliteBlobStore(database);

    await Promise.all([
      ...Array.from({ length: 500 }, (_, n) => table.put({ pk: 'P', sk: `${n}` })),
      table.update({ pk: 'P', sk: '1' }, { set: { a: 1 } }),
      blobs.put('key', new Uint8Array([1])),
    ]);

    expect(database.commits).toBe(1);
    expect(await table.get({ pk: 'P', sk: '1' })).toStrictEqual({ pk: 'P', sk: '1', a: 1 });
  });

  it('tell the listeners of each commit once, before its writers go on', async () => {
    const table = new SqliteItemTable(open());
    const listener = vi.fn();
    table.subscribe(listener);

    await Promise.all([table.put({ pk: 'P', sk: 'A' }), table.put({ pk: 'P', sk: 'B' })]);

    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalledWith([
      expect.objectContaining({ key: { pk: 'P', sk: 'A' } }),
      expect.objectContaining({ key: { pk: 'P', sk: 'B' } }),
    ]);
  });

  it('are not spoiled by a write that fails', async () => {
    const database = open();
    const table = new SqliteItemTable(database);
    const records: ChangeRecord[] = [];
    table.subscribe((batch) => records.push(...batch));
    await table.put({ pk: 'P', sk: 'text', tags: 'no set' });

    const settled = await Promise.allSettled([
      table.put({ pk: 'P', sk: 'A' }),
      table.update({ pk: 'P', sk: 'text' }, { addToSet: { tags: ['x'] } }),
      table.put({ pk: 'P', sk: 'B' }),
      database.write(() => {
        database.connection.exec("INSERT INTO counters VALUES ('half', 1)");
        throw new RangeError('a mistake');
      }),
    ]);

    expect(settled.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(settled[1]).toMatchObject({ reason: { code: 'INVALID_CHANGE' } });
    expect(settled[3]).toMatchObject({ reason: expect.any(RangeError) });
    expect((await queryAll(table, 'P')).map(({ sk }) => sk)).toStrictEqual(['A', 'B', 'text']);
    expect(records.map(({ key }) => key.sk)).toStrictEqual(['text', 'A', 'B']);
    expect(database.connection.prepare("SELECT count(*) AS n FROM counters WHERE name = 'half'").get()).toMatchObject({ n: 0 });
  });

  it('are finished by close, and refused after it', async () => {
    const database = open();
    const table = new SqliteItemTable(database);
    const writes = Promise.all([table.put({ pk: 'P', sk: 'A' }), table.put({ pk: 'P', sk: 'B' })]);

    await database.close();

    expect((await writes).every(({ written }) => written)).toBe(true);
    await expect(table.put({ pk: 'P', sk: 'C' })).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    await expect(table.get({ pk: 'P', sk: 'A' })).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    expect(await queryAll(new SqliteItemTable(open()), 'P')).toHaveLength(2);
  });
});

describe('a full disk', () => {
  it('fails the writes that do not fit, whole, and only while it is full', async () => {
    const database = open();
    const table = new SqliteItemTable(database);
    const blobs = new SqliteBlobStore(database);
    await blobs.put('key', new Uint8Array([1]));
    const pages = Number(database.connection.prepare('PRAGMA page_count').get()?.page_count);
    database.connection.exec(`PRAGMA max_page_count = ${pages + 40}`);

    const settled = await Promise.allSettled([
      table.put({ pk: 'P', sk: 'small' }),
      table.put({ pk: 'P', sk: 'large', body: 'x'.repeat(300_000) }),
      blobs.put('key', new Uint8Array(1_000_000)),
      table.put({ pk: 'P', sk: 'small too' }),
    ]);

    expect(settled.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: 'DATABASE_FULL', retryable: true } });
    expect(settled[2]).toMatchObject({ reason: { code: 'DATABASE_FULL' } });
    expect((await queryAll(table, 'P')).map(({ sk }) => sk)).toStrictEqual(['small', 'small too']);
    expect(await blobs.get('key')).toStrictEqual(new Uint8Array([1]));

    database.connection.exec('PRAGMA max_page_count = 1000000');
    await table.put({ pk: 'P', sk: 'large', body: 'x'.repeat(300_000) });
    expect(database.connection.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
  });
});

describe('writes of other processes', () => {
  it('reach the listeners of the live engine, in their order and with its own', async () => {
    const table = new SqliteItemTable(open());
    const client = new SqliteItemTable(open('client'));
    const records: ChangeRecord[] = [];
    table.subscribe((batch) => records.push(...batch));

    for (let n = 0; n < 20; n++) await (n % 3 === 0 ? table : client).update({ pk: 'P', sk: 'A' }, { set: { n }, addToSet: { tags: [`${n}`] } });

    await vi.waitFor(() => expect(records).toHaveLength(20), { interval: 10 });
    expect(records.map(({ after }) => after?.n)).toStrictEqual(Array.from({ length: 20 }, (_, n) => n));
    // Each begins where the one before it ended.
    expect(records.slice(1).map(({ before }) => before)).toStrictEqual(records.slice(0, -1).map(({ after }) => after));
    expect(records.toSorted((a, b) => compareSequence(a.sequence, b.sequence))).toStrictEqual(records);
  });

  it('from a real process arrive without any write of the engine', async () => {
    const table = new SqliteItemTable(open());
    const records: ChangeRecord[] = [];
    table.subscribe((batch) => records.push(...batch));

    await outputOf(start('client'));

    await vi.waitFor(() => expect(records.map(({ after }) => after?.n)).toStrictEqual([1, 2, 3]), { interval: 10 });
  });

  it('made while no engine lived reach the next one, once', async () => {
    const client = open('client');
    await new SqliteItemTable(client).put({ pk: 'P', sk: 'A' });
    await client.close();

    for (const expected of [1, 0]) {
      const database = open();
      const listener = vi.fn();
      new SqliteItemTable(database).subscribe(listener);
      await delay(150);
      await database.close();
      expect(listener).toHaveBeenCalledTimes(expected);
    }
  });
});

describe('sequence numbers', () => {
  it('ascend across restarts, even when the clock was set back', async () => {
    const sequences: string[] = [];
    for (const nowMs of [2_000_000, 1_000_000, 0]) {
      const database = openDatabase(file, { mode: 'engine', clock: { ...systemClock, nowMs: () => nowMs } });
      const table = new SqliteItemTable(database);
      table.subscribe((records) => sequences.push(...records.map(({ sequence }) => sequence)));
      await Promise.all([table.put({ pk: 'P', sk: `${nowMs}a` }), table.put({ pk: 'P', sk: `${nowMs}b` })]);
      await database.close();
    }

    expect(sequences).toHaveLength(6);
    expect(sequences.toSorted(compareSequence)).toStrictEqual(sequences);
    expect(new Set(sequences).size).toBe(6);
  });
});

describe('kill -9', () => {
  it('in the middle of writing loses nothing that was acknowledged', { timeout: 30_000 }, async () => {
    const acknowledged: string[] = [];
    for (const lifetimeMs of [20, 60, 110, 170, 240]) {
      const writer = start('write');
      const output = outputOf(writer);
      await untilReady(writer);
      await delay(lifetimeMs);
      writer.kill('SIGKILL');
      // The last line may be cut short.
      acknowledged.push(...(await output).split('\n').slice(0, -1));
    }

    const database = open();
    const items = await queryAll(new SqliteItemTable(database), 'WRITTEN', { attributes: [] });

    const standing = new Set(items.map(({ sk }) => sk));
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(acknowledged.filter((sk) => !standing.has(sk))).toStrictEqual([]);
    expect(database.connection.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
  });
});
