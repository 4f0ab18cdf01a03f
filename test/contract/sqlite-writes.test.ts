import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { compareSequence } from '../../shared/ports/change-feed.ts';
import { outputOf, useDatabaseFile } from './database-file.ts';
import { queryAll } from './table-harness.ts';

const disk = useDatabaseFile();

describe('grouped commits', () => {
  it('put the writes of one turn into one transaction', async () => {
    const database = disk.open();
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
    const table = new SqliteItemTable(disk.open());
    const listener = vi.fn();
    table.subscribe(listener);

    await Promise.all([table.put({ pk: 'P', sk: 'A' }), table.put({ pk: 'P', sk: 'B' })]);

    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalledWith([
      expect.objectContaining({ key: { pk: 'P', sk: 'A' } }),
      expect.objectContaining({ key: { pk: 'P', sk: 'B' } }),
    ]);
  });

  it('of writes that belong together have all of them or none', async () => {
    const database = disk.open();
    const table = new SqliteItemTable(database);
    await table.put({ pk: 'P', sk: 'text', tags: 'no set' });

    const settled = await Promise.allSettled([
      table.put({ pk: 'P', sk: 'beside' }),
      ...database.together(() => [
        table.put({ pk: 'P', sk: 'A' }),
        table.update({ pk: 'P', sk: 'text' }, { addToSet: { tags: ['x'] } }),
        table.put({ pk: 'P', sk: 'B' }),
      ]),
    ]);

    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect((await queryAll(table, 'P')).map(({ sk }) => sk)).toEqual(['beside', 'text']);
  });

  it('are not spoiled by a write that fails', async () => {
    const database = disk.open();
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
    expect(database.connection.prepare("SELECT count(*) AS n FROM counters WHERE name = 'half'").get()).toMatchObject({
      n: 0,
    });
  });

  it('are finished by close, and refused after it', async () => {
    const database = disk.open();
    const table = new SqliteItemTable(database);
    const writes = Promise.all([table.put({ pk: 'P', sk: 'A' }), table.put({ pk: 'P', sk: 'B' })]);

    await database.close();

    expect((await writes).every(({ written }) => written)).toBe(true);
    await expect(table.put({ pk: 'P', sk: 'C' })).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    await expect(table.get({ pk: 'P', sk: 'A' })).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    expect(await queryAll(new SqliteItemTable(disk.open()), 'P')).toHaveLength(2);
  });
});

describe('a full disk', () => {
  it('fails the writes that do not fit, whole, and only while it is full', async () => {
    const database = disk.open();
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
    const table = new SqliteItemTable(disk.open());
    const client = new SqliteItemTable(disk.open('client'));
    const records: ChangeRecord[] = [];
    table.subscribe((batch) => records.push(...batch));

    for (let n = 0; n < 20; n++)
      await (n % 3 === 0 ? table : client).update({ pk: 'P', sk: 'A' }, { set: { n }, addToSet: { tags: [`${n}`] } });

    await vi.waitFor(() => expect(records).toHaveLength(20), { interval: 10 });
    expect(records.map(({ after }) => after?.n)).toStrictEqual(Array.from({ length: 20 }, (_, n) => n));
    // Each begins where the one before it ended.
    expect(records.slice(1).map(({ before }) => before)).toStrictEqual(records.slice(0, -1).map(({ after }) => after));
    expect(records.toSorted((a, b) => compareSequence(a.sequence, b.sequence))).toStrictEqual(records);
  });

  it('from a real process arrive without any write of the engine', async () => {
    const table = new SqliteItemTable(disk.open());
    const records: ChangeRecord[] = [];
    table.subscribe((batch) => records.push(...batch));

    await outputOf(disk.start('client'));

    await vi.waitFor(() => expect(records.map(({ after }) => after?.n)).toStrictEqual([1, 2, 3]), { interval: 10 });
  });

  it('made while no engine lived reach the next one, once', async () => {
    const client = disk.open('client');
    await new SqliteItemTable(client).put({ pk: 'P', sk: 'A' });
    await client.close();

    for (const expected of [1, 0]) {
      const database = disk.open();
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
      const database = openDatabase(disk.file, { mode: 'engine', clock: { ...systemClock, nowMs: () => nowMs } });
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
