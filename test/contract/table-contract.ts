import { beforeAll, describe, expect, it } from 'vitest';
import { itemSizeBytes } from '../../shared/adapters/local/item-size.ts';
import { compareSequence } from '../../shared/ports/change-feed.ts';
import type { ItemTable } from '../../shared/ports/item-table.ts';
import { conditionsContract } from './conditions-contract.ts';
import { queryContract } from './query-contract.ts';
import { aPartition, type TableHarness } from './table-harness.ts';

const UNUSUAL_ITEM = {
  text: 'grün 😀 \u0000 \uffff',
  empty: '',
  nothing: null,
  yes: true,
  integer: Number.MAX_SAFE_INTEGER,
  fraction: -0.1,
  large: 1.5e100,
  bytes: new Uint8Array([0, 1, 255]),
  tags: new Set(['b', 'a']),
  list: [1, 'two', [], {}, [new Uint8Array([7])], new Set(['x'])],
  map: {
    nested: { deeper: [null] },
    $set: ['no set'],
    $bytes: 'AAE=',
    $$bytes: 1,
    'a.b#c': 2,
    constructor: 'and nested',
  },
  name: 'a reserved word',
  constructor: 'a name of Object.prototype',
  $tagged: { $set: 1 },
};

export function tableContract(harness: () => TableHarness): void {
  let table: ItemTable;
  beforeAll(() => {
    table = harness().table;
  });

  describe('put, get and getMany', () => {
    it('gives back every kind of value unchanged', async () => {
      const item = { pk: aPartition(), sk: 'A', ...UNUSUAL_ITEM };

      const outcome = await table.put(item);

      expect(outcome).toStrictEqual({ written: true, item });
      expect(await table.get(item)).toStrictEqual(item);
    });

    it('stores neither undefined attributes nor empty sets', async () => {
      const key = { pk: aPartition(), sk: 'A' };

      const outcome = await table.put({
        ...key,
        gone: undefined,
        none: new Set<string>(),
        map: { gone: undefined, none: new Set<string>(), kept: 1 },
      });

      const stored = { ...key, map: { kept: 1 } };
      expect(outcome).toStrictEqual({ written: true, item: stored });
      expect(await table.get(key)).toStrictEqual(stored);
    });

    it('replaces the whole item', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, before: 1 });

      await table.put({ ...key, after: 2 });

      expect(await table.get(key)).toStrictEqual({ ...key, after: 2 });
    });

    it('answers undefined for an item that is not there', async () => {
      expect(await table.get({ pk: aPartition(), sk: 'A' })).toBeUndefined();
    });

    it('gives a lost condition what stands instead, and writes nothing', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, by: 'first', n: 1e100, tags: new Set(['t']), bytes: new Uint8Array([1]) });

      const outcome = await table.put({ ...key, by: 'second' }, { kind: 'itemAbsent' });

      const standing = { ...key, by: 'first', n: 1e100, tags: new Set(['t']), bytes: new Uint8Array([1]) };
      expect(outcome).toStrictEqual({ written: false, standing });
      expect(await table.get(key)).toStrictEqual(standing);
    });

    it('lets exactly one of many racing writers create an item', async () => {
      const key = { pk: aPartition(), sk: 'A' };

      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => table.put({ ...key, writer }, { kind: 'itemAbsent' })),
      );

      const winners = outcomes.filter(({ written }) => written);
      expect(winners).toHaveLength(1);
      expect(outcomes.filter(({ written }) => !written)).toHaveLength(19);
      for (const outcome of outcomes)
        if (!outcome.written) expect(outcome.standing).toStrictEqual(await table.get(key));
    });

    it('reads more items at once than one request takes, and leaves out those that are not there', async () => {
      const pk = aPartition();
      const items = Array.from({ length: 230 }, (_, n) => ({ pk, sk: `K${n}`, n }));
      await Promise.all(items.map((item) => table.put(item)));

      const read = await table.getMany([
        ...items.map(({ sk }) => ({ pk, sk })),
        { pk, sk: 'absent' },
        { pk: aPartition(), sk: 'K0' },
      ]);

      expect([...read].sort((a, b) => Number(a.n) - Number(b.n))).toStrictEqual(items);
      expect(await table.getMany([])).toStrictEqual([]);
    });

    it('takes an item of 400 KB, names and values counted, and refuses one byte more', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      const item = {
        ...key,
        ...UNUSUAL_ITEM,
        grün: 'ü'.repeat(1_000),
        numbers: [0, 1.5, -12.5, 123, 1e-5, 1000],
        padding: '',
      };
      const room = 409_600 - itemSizeBytes(item);

      const outcome = await table.put({ ...item, padding: 'x'.repeat(room) });

      expect(outcome.written).toBe(true);
      const refusal = { code: 'ITEM_TOO_LARGE', details: expect.objectContaining(key) };
      await expect(table.put({ ...item, padding: 'x'.repeat(room + 1) })).rejects.toMatchObject(refusal);
      await expect(table.update(key, { set: { more: 'x' } })).rejects.toMatchObject(refusal);
      expect(await table.get(key)).toMatchObject({ padding: 'x'.repeat(room) });
    });

    it('takes keys of the greatest length, and refuses longer and empty ones', async () => {
      const pk = aPartition().padEnd(2_048, 'x');
      const sk = 'é'.repeat(512);

      await table.put({ pk, sk });

      expect((await table.query(pk, { prefix: 'é' })).items).toStrictEqual([{ pk, sk }]);
      for (const key of [
        { pk: `${pk}x`, sk },
        { pk, sk: `${sk}x` },
        { pk: '', sk },
        { pk, sk: '' },
      ]) {
        await expect(table.put(key)).rejects.toMatchObject({ code: 'INVALID_KEY' });
        await expect(table.update(key, {})).rejects.toMatchObject({ code: 'INVALID_KEY' });
      }
    });

    it('refuses numbers the table cannot hold, and empty sets within lists', async () => {
      const key = { pk: aPartition(), sk: 'A' };

      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e126, 1e-200, [new Set<string>()]]) {
        await expect(table.put({ ...key, nested: { value } })).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
      }
    });
  });

  describe('update', () => {
    it('creates an item that is absent', async () => {
      const key = { pk: aPartition(), sk: 'A' };

      const outcome = await table.update(key, {
        set: { a: 1, skipped: undefined },
        addToSet: { tags: ['x', 'y'], none: [] },
      });

      expect(outcome).toStrictEqual({ written: true, item: { ...key, a: 1, tags: new Set(['x', 'y']) } });
    });

    it('sets, removes and grows together, and gives the whole new item', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({
        ...key,
        kept: { deep: 1 },
        replaced: 1,
        removed: 2,
        tags: new Set(['x']),
        emptied: new Set(['z']),
      });

      const outcome = await table.update(key, {
        set: { replaced: 'new', added: [1], emptied: new Set<string>() },
        remove: ['removed', 'never there'],
        addToSet: { tags: ['y', 'x'] },
      });

      const item = { ...key, kept: { deep: 1 }, replaced: 'new', added: [1], tags: new Set(['x', 'y']) };
      expect(outcome).toStrictEqual({ written: true, item });
      expect(await table.get(key)).toStrictEqual(item);
    });

    it('with nothing to change leaves the item as it is', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, a: 1 });

      expect(await table.update(key, {})).toStrictEqual({ written: true, item: { ...key, a: 1 } });
      expect(await table.update(key, { addToSet: { tags: [] } }, { kind: 'itemExists' })).toStrictEqual({
        written: true,
        item: { ...key, a: 1 },
      });
    });

    it('under a lost condition changes nothing', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, status: 'ENDED' });

      const outcome = await table.update(
        key,
        { set: { status: 'RUNNING' } },
        { kind: 'equals', attribute: 'status', value: 'PAUSED' },
      );

      expect(outcome).toStrictEqual({ written: false, standing: { ...key, status: 'ENDED' } });
      expect(await table.update({ ...key, sk: 'B' }, {}, { kind: 'itemExists' })).toStrictEqual({
        written: false,
        standing: undefined,
      });
    });

    it('loses no member of a set that many grow at once', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      const members = Array.from({ length: 30 }, (_, n) => `m${n}`);

      await Promise.all(members.map((member) => table.update(key, { addToSet: { members: [member] } })));

      expect((await table.get(key))?.members).toStrictEqual(new Set(members));
    });

    it('refuses to change a key, or one attribute twice, or to grow what is no set', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, text: 'no set' });

      for (const change of [
        { set: { pk: 'x' } },
        { remove: ['sk'] },
        { set: { a: 1 }, remove: ['a'] },
        { addToSet: { text: ['x'] } },
      ]) {
        await expect(table.update(key, change)).rejects.toMatchObject({ code: 'INVALID_CHANGE', retryable: false });
      }
      expect(await table.get(key)).toStrictEqual({ ...key, text: 'no set' });
    });
  });

  conditionsContract(harness);
  queryContract(harness);

  describe('change records', () => {
    it('tell every change in order, with the item before and after', async () => {
      const { changesOf } = harness();
      const key = { pk: aPartition(), sk: 'A' };
      const first = { ...key, n: 1, tags: new Set(['x']), bytes: new Uint8Array([1, 2]), map: { deep: [null] } };
      const second = { ...first, n: 2, tags: new Set(['x', 'y']) };
      await table.put(first);
      await table.update(key, { set: { n: 2 }, addToSet: { tags: ['y'] } });
      await table.put({ ...key, other: true });

      const records = await changesOf(key.pk);

      expect(records.map(({ key: changed, before, after }) => ({ key: changed, before, after }))).toStrictEqual([
        { key, before: undefined, after: first },
        { key, before: first, after: second },
        { key, before: second, after: { ...key, other: true } },
      ]);
      expect(records.toSorted((a, b) => compareSequence(a.sequence, b.sequence))).toStrictEqual(records);
      expect(new Set(records.map(({ sequence }) => sequence)).size).toBe(3);
    });

    it('say nothing of a lost condition, nor of a write that changes nothing', async () => {
      const { changesOf } = harness();
      const key = { pk: aPartition(), sk: 'A' };
      const item = { ...key, a: 1, tags: new Set(['x', 'y']), map: { b: 1, c: 2 } };
      await table.put(item);

      await table.put({ ...key, map: { c: 2, b: 1 }, tags: new Set(['y', 'x']), a: 1 });
      await table.update(key, { set: { a: 1 }, remove: ['absent'], addToSet: { tags: ['x'] } });
      await table.put({ ...key, a: 2 }, { kind: 'itemAbsent' });

      expect(await changesOf(key.pk)).toHaveLength(1);
    });
  });
}
