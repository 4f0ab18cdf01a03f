import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { outputOf, untilReady, useDatabaseFile } from './database-file.ts';
import { queryAll } from './table-harness.ts';

const NOBODY = 65_534;

const disk = useDatabaseFile();

/** Root may write anything, so what is forbidden is tried as somebody else. */
const openUnprivileged = (): Promise<string> =>
  outputOf(disk.start('open', process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}));

describe('a file that cannot serve', () => {
  it('that is no database is left alone', () => {
    writeFileSync(disk.file, 'Dear diary,\n'.repeat(500));

    expect(() => disk.open()).toThrow(expect.objectContaining({ code: 'DATABASE_NOT_OURS' }));

    expect(readFileSync(disk.file, 'utf8')).toBe('Dear diary,\n'.repeat(500));
    expect(existsSync(`${disk.file}-lock`)).toBe(false);
  });

  it.each([
    ['with other tables', 'CREATE TABLE recipes (name TEXT)'],
    ['with another application id', 'PRAGMA application_id = 1'],
    ['with a version of its own', 'PRAGMA user_version = 7'],
  ])('that is a database of another program, %s, is left alone', (_claim, sql) => {
    const foreign = new DatabaseSync(disk.file);
    foreign.exec(sql);
    foreign.close();
    const bytes = readFileSync(disk.file);

    expect(() => disk.open()).toThrow(expect.objectContaining({ code: 'DATABASE_NOT_OURS' }));
    expect(() => disk.open('client')).toThrow(expect.objectContaining({ code: 'DATABASE_NOT_OURS' }));

    expect(readFileSync(disk.file).equals(bytes)).toBe(true);
  });

  it('that a newer version wrote is refused, with what to do', async () => {
    const database = disk.open();
    database.connection.exec('PRAGMA user_version = 99');
    await database.close();

    expect(() => disk.open()).toThrow(
      expect.objectContaining({ code: 'DATABASE_TOO_NEW', message: expect.stringContaining('Update fanjoin') }),
    );
  });

  it('that is a directory, or lies in a file, is refused', () => {
    mkdirSync(disk.file);
    writeFileSync(join(disk.directory, 'text'), '');

    expect(() => disk.open()).toThrow(expect.objectContaining({ code: 'DATABASE_FAILED' }));
    expect(() => disk.open('engine', join(disk.directory, 'text', 'test.db'))).toThrow(
      expect.objectContaining({ code: 'DATABASE_FAILED' }),
    );
  });

  it('that is read-only is refused', async () => {
    await disk.open().close();
    chmodSync(disk.directory, 0o777);
    chmodSync(disk.file, 0o444);

    expect(await openUnprivileged()).toMatch(/^DATABASE_READ_ONLY: .*is not writable/);
  });

  it('in a directory that is not writable is refused, there or not', async () => {
    chmodSync(disk.directory, 0o555);

    expect(await openUnprivileged()).toMatch(/^DATABASE_READ_ONLY: .*directory/);

    chmodSync(disk.directory, 0o755);
    await disk.open().close();
    chmodSync(disk.file, 0o666);
    chmodSync(disk.directory, 0o555);
    expect(await openUnprivileged()).toMatch(/^DATABASE_READ_ONLY: .*directory/);
    chmodSync(disk.directory, 0o755);
  });
});

describe('opening', () => {
  it('creates the directories above', async () => {
    const path = join(disk.directory, 'a', 'b', 'test.db');

    await new SqliteItemTable(disk.open('engine', path)).put({ pk: 'P', sk: 'A' });

    expect(existsSync(path)).toBe(true);
  });

  it('takes an empty file', async () => {
    writeFileSync(disk.file, '');

    await new SqliteItemTable(disk.open()).put({ pk: 'P', sk: 'A' });
  });

  it('finds again what was written before it was closed', async () => {
    const first = disk.open();
    await new SqliteItemTable(first).put({ pk: 'P', sk: 'A', tags: new Set(['t']) });
    await new SqliteBlobStore(first).put('key', new Uint8Array(300_000).fill(7));
    await first.close();

    const second = disk.open();

    expect(await new SqliteItemTable(second).get({ pk: 'P', sk: 'A' })).toStrictEqual({
      pk: 'P',
      sk: 'A',
      tags: new Set(['t']),
    });
    expect(await new SqliteBlobStore(second).get('key', { start: 299_999, length: 9 })).toStrictEqual(
      new Uint8Array([7]),
    );
  });

  it('syncs every commit to a write-ahead log', () => {
    const { connection } = disk.open();

    expect(connection.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    expect(connection.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
  });

  it('does not keep a process alive that only listens', async () => {
    expect(await outputOf(disk.start('listen'))).toBe('ready\n');
  });
});

describe('the one live engine', () => {
  it('keeps another out, in this process and in others, under any name, until it is closed', async () => {
    const first = disk.open();
    symlinkSync(disk.file, join(disk.directory, 'link.db'));

    const refusal = expect.objectContaining({
      code: 'DATABASE_IN_USE',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(() => disk.open()).toThrow(refusal);
    expect(() => disk.open('engine', join(disk.directory, 'link.db'))).toThrow(refusal);
    expect(await outputOf(disk.start('open'))).toMatch(/^DATABASE_IN_USE/);

    await first.close();
    expect(await outputOf(disk.start('open'))).toBe('ok\n');
    disk.open();
  });

  it('lets clients in', async () => {
    const table = new SqliteItemTable(disk.open());
    await table.put({ pk: 'P', sk: 'A' });

    const client = new SqliteItemTable(disk.open('client'));
    await client.put({ pk: 'P', sk: 'B' });

    expect(await queryAll(client, 'P')).toHaveLength(2);
    expect(await queryAll(table, 'P')).toHaveLength(2);
  });

  it('lets clients read while it writes', async () => {
    const database = disk.open();
    await new SqliteItemTable(database).put({ pk: 'P', sk: 'A' });
    database.connection.exec('BEGIN IMMEDIATE');

    const client = new SqliteItemTable(disk.open('client'));

    expect(await queryAll(client, 'P')).toHaveLength(1);
    database.connection.exec('COMMIT');
  });

  it.each(['', '-wal', '-shm', '-lock'])('acknowledges nothing once its file%s is gone', async (suffix) => {
    const table = new SqliteItemTable(disk.open());
    await table.put({ pk: 'P', sk: 'A' });
    rmSync(`${disk.file}${suffix}`);
    writeFileSync(`${disk.file}${suffix}`, '');

    await expect(table.put({ pk: 'P', sk: 'B' })).rejects.toMatchObject({
      code: 'DATABASE_GONE',
      message: expect.stringContaining(`'${disk.file}${suffix}' was deleted, moved or replaced`),
    });
  });

  it('that is killed frees the file at once', async () => {
    const holder = disk.start('hold');
    await untilReady(holder);
    expect(() => disk.open()).toThrow(
      expect.objectContaining({ code: 'DATABASE_IN_USE', message: expect.stringContaining(`process ${holder.pid}`) }),
    );

    holder.kill('SIGKILL');
    await once(holder, 'exit');

    disk.open();
  });
});

describe('kill -9', () => {
  it('in the middle of writing loses nothing that was acknowledged', { timeout: 30_000 }, async () => {
    const acknowledged: string[] = [];
    for (const lifetimeMs of [20, 60, 110, 170, 240]) {
      const writer = disk.start('write');
      const output = outputOf(writer);
      await untilReady(writer);
      await delay(lifetimeMs);
      writer.kill('SIGKILL');
      // The last line may be cut short.
      acknowledged.push(...(await output).split('\n').slice(0, -1));
    }

    const database = disk.open();
    const items = await queryAll(new SqliteItemTable(database), 'WRITTEN', { attributes: [] });

    const standing = new Set(items.map(({ sk }) => sk));
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(acknowledged.filter((sk) => !standing.has(sk))).toStrictEqual([]);
    expect(database.connection.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
  });
});
