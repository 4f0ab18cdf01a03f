import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { itemSizeBytes } from '../../shared/adapters/local/item-size.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { compareSequence } from '../../shared/ports/change-feed.ts';
import type { Condition, Item, ItemTable, QueryOptions } from '../../shared/ports/item-table.ts';

export interface TableHarness {
  readonly table: ItemTable;
  /** The change records of one partition so far, in order. */
  changesOf(pk: string): Promise<readonly ChangeRecord[]>;
}

export const aPartition = (): string => `TEST#${randomUUID()}`;

/** All pages of a query. */
export async function queryAll(table: ItemTable, pk: string, options: QueryOptions = {}): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after = options.after;
  for (;;) {
    const page = await table.query(pk, { ...options, ...(after !== undefined && { after }) });
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
}

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
  map: { nested: { deeper: [null] }, $set: ['no set'], $bytes: 'AAE=', $$bytes: 1, 'a.b#c': 2 },
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

      const outcome = await table.put({ ...key, gone: undefined, none: new Set<string>(), map: { gone: undefined, none: new Set<string>(), kept: 1 } });

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
      await table.put({ ...key, by: 'first', tags: new Set(['t']), bytes: new Uint8Array([1]) });

      const outcome = await table.put({ ...key, by: 'second' }, { kind: 'itemAbsent' });

      const standing = { ...key, by: 'first', tags: new Set(['t']), bytes: new Uint8Array([1]) };
      expect(outcome).toStrictEqual({ written: false, standing });
      expect(await table.get(key)).toStrictEqual(standing);
    });

    it('lets exactly one of many racing writers create an item', async () => {
      const key = { pk: aPartition(), sk: 'A' };

      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, writer) => table.put({ ...key, writer }, { kind: 'itemAbsent' })));

      const winners = outcomes.filter(({ written }) => written);
      expect(winners).toHaveLength(1);
      expect(outcomes.filter(({ written }) => !written)).toHaveLength(19);
      for (const outcome of outcomes) if (!outcome.written) expect(outcome.standing).toStrictEqual(await table.get(key));
    });

    it('reads more items at once than one request takes, and leaves out those that are not there', async () => {
      const pk = aPartition();
      const items = Array.from({ length: 230 }, (_, n) => ({ pk, sk: `K${n}`, n }));
      await Promise.all(items.map((item) => table.put(item)));

      const read = await table.getMany([...items.map(({ sk }) => ({ pk, sk })), { pk, sk: 'absent' }, { pk: aPartition(), sk: 'K0' }]);

      expect([...read].sort((a, b) => Number(a.n) - Number(b.n))).toStrictEqual(items);
      expect(await table.getMany([])).toStrictEqual([]);
    });

    it('takes an item of 400 KB, names and values counted, and refuses one byte more', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      const item = { ...key, ...UNUSUAL_ITEM, grün: 'ü'.repeat(1_000), numbers: [0, 1.5, -12.5, 123, 1e-5, 1000], padding: '' };
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
      for (const key of [{ pk: `${pk}x`, sk }, { pk, sk: `${sk}x` }, { pk: '', sk }, { pk, sk: '' }]) {
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

      const outcome = await table.update(key, { set: { a: 1, skipped: undefined }, addToSet: { tags: ['x', 'y'], none: [] } });

      expect(outcome).toStrictEqual({ written: true, item: { ...key, a: 1, tags: new Set(['x', 'y']) } });
    });

    it('sets, removes and grows together, and gives the whole new item', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, kept: { deep: 1 }, replaced: 1, removed: 2, tags: new Set(['x']), emptied: new Set(['z']) });

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
      expect(await table.update(key, { addToSet: { tags: [] } }, { kind: 'itemExists' })).toStrictEqual({ written: true, item: { ...key, a: 1 } });
    });

    it('under a lost condition changes nothing', async () => {
      const key = { pk: aPartition(), sk: 'A' };
      await table.put({ ...key, status: 'ENDED' });

      const outcome = await table.update(key, { set: { status: 'RUNNING' } }, { kind: 'equals', attribute: 'status', value: 'PAUSED' });

      expect(outcome).toStrictEqual({ written: false, standing: { ...key, status: 'ENDED' } });
      expect(await table.update({ ...key, sk: 'B' }, {}, { kind: 'itemExists' })).toStrictEqual({ written: false, standing: undefined });
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

      for (const change of [{ set: { pk: 'x' } }, { remove: ['sk'] }, { set: { a: 1 }, remove: ['a'] }, { addToSet: { text: ['x'] } }]) {
        await expect(table.update(key, change)).rejects.toMatchObject({ code: 'INVALID_CHANGE', retryable: false });
      }
      expect(await table.get(key)).toStrictEqual({ ...key, text: 'no set' });
    });
  });

  describe('conditions', () => {
    const standing = { status: 'RUNNING', revision: 5, isOpen: true, nothing: null, name: '😀' };
    const cases: readonly (readonly [claim: string, condition: Condition, holds: boolean])[] = [
      ['itemExists', { kind: 'itemExists' }, true],
      ['itemAbsent', { kind: 'itemAbsent' }, false],
      ['isAbsent of what is absent', { kind: 'isAbsent', attribute: 'constructor' }, true],
      ['isAbsent of null', { kind: 'isAbsent', attribute: 'nothing' }, false],
      ['isPresent of null', { kind: 'isPresent', attribute: 'nothing' }, true],
      ['isPresent of what is absent', { kind: 'isPresent', attribute: 'toString' }, false],
      ['equals a string', { kind: 'equals', attribute: 'status', value: 'RUNNING' }, true],
      ['equals a boolean', { kind: 'equals', attribute: 'isOpen', value: true }, true],
      ['equals another type', { kind: 'equals', attribute: 'revision', value: '5' }, false],
      ['equals of what is absent', { kind: 'equals', attribute: 'absent', value: 1 }, false],
      ['isOneOf', { kind: 'isOneOf', attribute: 'revision', values: ['x', 5] }, true],
      ['isOneOf of others', { kind: 'isOneOf', attribute: 'status', values: ['PAUSED', 'FAILED'] }, false],
      ['isOneOf of none', { kind: 'isOneOf', attribute: 'status', values: [] }, false],
      ['isOneOf of more than an IN takes', { kind: 'isOneOf', attribute: 'revision', values: Array.from({ length: 250 }, (_, n) => 254 - n) }, true],
      ['lessThan a number', { kind: 'lessThan', attribute: 'revision', value: 6 }, true],
      ['lessThan the same', { kind: 'lessThan', attribute: 'revision', value: 5 }, false],
      ['lessThan another type', { kind: 'lessThan', attribute: 'revision', value: '9' }, false],
      ['lessThan of what is absent', { kind: 'lessThan', attribute: 'absent', value: 9 }, false],
      // U+FFEE is less than U+1F600 in UTF-8, and greater in UTF-16.
      ['lessThan a string, by its bytes', { kind: 'lessThan', attribute: 'name', value: '\uffee' }, false],
      ['all of none', { kind: 'all', of: [] }, true],
      ['any of none', { kind: 'any', of: [] }, false],
      [
        'all and any, nested',
        {
          kind: 'all',
          of: [
            { kind: 'any', of: [{ kind: 'isAbsent', attribute: 'status' }, { kind: 'equals', attribute: 'status', value: 'RUNNING' }] },
            { kind: 'lessThan', attribute: 'revision', value: 6 },
          ],
        },
        true,
      ],
      ['all of one that is any of one that is none', { kind: 'all', of: [{ kind: 'any', of: [{ kind: 'isOneOf', attribute: 'status', values: [] }] }] }, false],
      ['all with one that fails', { kind: 'all', of: [{ kind: 'itemExists' }, { kind: 'isAbsent', attribute: 'status' }] }, false],
    ];

    it.each(cases)('%s', async (_claim, condition, holds) => {
      const item = { pk: aPartition(), sk: 'A', ...standing };
      await table.put(item);

      const outcome = await table.update(item, { set: { touched: true } }, condition);

      expect(outcome).toStrictEqual(holds ? { written: true, item: { ...item, touched: true } } : { written: false, standing: item });
    });

    it('of an item that is absent, only absences hold', async () => {
      const holding = await Promise.all(
        cases.map(async ([claim, condition]) => ((await table.put({ pk: aPartition(), sk: 'A' }, condition)).written ? claim : undefined)),
      );

      expect(holding.filter((claim) => claim !== undefined)).toStrictEqual([
        'itemAbsent',
        'isAbsent of what is absent',
        'isAbsent of null',
        'all of none',
      ]);
    });
  });

  describe('query', () => {
    const pk = aPartition();
    // Ascending by UTF-8 bytes.
    const sortKeys = ['A', 'A#1', 'A#10', 'A#2', 'B', 'B#\u0000', 'a', 'é', '\uffee', '😀', '😀#1'];
    const sortKeysOf = async (options: QueryOptions) => (await queryAll(table, pk, options)).map(({ sk }) => sk);
    beforeAll(async () => {
      await Promise.all(sortKeys.map((sk, n) => table.put({ pk, sk, n, extra: { n } })));
    });

    it('orders by the bytes of the sort key, either way', async () => {
      expect(await sortKeysOf({})).toStrictEqual(sortKeys);
      expect(await sortKeysOf({ descending: true })).toStrictEqual(sortKeys.toReversed());
    });

    it('finds what begins with the prefix, and nothing else', async () => {
      expect(await sortKeysOf({ prefix: 'A#' })).toStrictEqual(['A#1', 'A#10', 'A#2']);
      expect(await sortKeysOf({ prefix: '😀' })).toStrictEqual(['😀', '😀#1']);
      expect(await sortKeysOf({ prefix: 'Z' })).toStrictEqual([]);
    });

    it('pages through everything, whatever the limit', async () => {
      for (const limit of [1, 3, sortKeys.length, 100]) {
        expect(await sortKeysOf({ limit })).toStrictEqual(sortKeys);
        expect(await sortKeysOf({ limit, descending: true, prefix: 'A' })).toStrictEqual(['A#2', 'A#10', 'A#1', 'A']);
      }
      expect((await table.query(pk, { limit: 3 })).items).toHaveLength(3);
    });

    it('goes on behind a sort key, there or not, within the prefix or not', async () => {
      expect(await sortKeysOf({ after: 'a' })).toStrictEqual(['é', '\uffee', '😀', '😀#1']);
      expect(await sortKeysOf({ after: 'A#11' })).toStrictEqual(sortKeys.slice(3));
      expect(await sortKeysOf({ after: 'A#10', prefix: 'A#' })).toStrictEqual(['A#2']);
      expect(await sortKeysOf({ after: 'A', prefix: 'B' })).toStrictEqual(['B', 'B#\u0000']);
      expect(await sortKeysOf({ after: 'a', prefix: 'B' })).toStrictEqual([]);
      expect(await sortKeysOf({ after: 'a', prefix: 'B', descending: true })).toStrictEqual(['B#\u0000', 'B']);
      expect(await sortKeysOf({ after: 'A', prefix: 'B', descending: true })).toStrictEqual([]);
    });

    it('gives only the attributes asked for, and the keys', async () => {
      const { items } = await table.query(pk, { prefix: 'B#', attributes: ['n', 'absent', 'sk'] });

      expect(items).toStrictEqual([{ pk, sk: 'B#\u0000', n: 5 }]);
    });

    it('cuts a page at a megabyte and goes on', async () => {
      const large = aPartition();
      await Promise.all(Array.from({ length: 5 }, (_, n) => table.put({ pk: large, sk: `${n}`, body: 'x'.repeat(300_000) })));

      const first = await table.query(large);

      expect(first.items.length).toBeLessThan(5);
      expect(first.next).toBe(first.items.at(-1)?.sk);
      expect((await queryAll(table, large)).map(({ sk }) => sk)).toStrictEqual(['0', '1', '2', '3', '4']);
    });
  });

  describe('queryDue', () => {
    it('gives what is due in the shard, earliest first, up to the limit', async () => {
      const pk = aPartition();
      const shard = pk;
      const times = [300, 100, 200, 500, -1];
      await Promise.all(times.map((dueAtMs) => table.put({ pk, sk: `${dueAtMs}`, dueShard: shard, dueAtMs, tags: new Set(['t']) })));
      await table.put({ pk, sk: 'other', dueShard: `${shard}-other`, dueAtMs: 100 });
      await table.put({ pk, sk: 'none' });

      const dueAt = async (untilMs: number, limit: number) => (await table.queryDue(shard, untilMs, limit)).map(({ sk }) => sk);

      expect(await dueAt(300, 10)).toStrictEqual(['-1', '100', '200', '300']);
      expect(await dueAt(300, 2)).toStrictEqual(['-1', '100']);
      expect(await dueAt(-2, 10)).toStrictEqual([]);
      expect((await table.queryDue(shard, -1, 10))[0]).toStrictEqual({ pk, sk: '-1', dueShard: shard, dueAtMs: -1, tags: new Set(['t']) });
    });

    it('no longer gives an item whose due time was removed or put off', async () => {
      const pk = aPartition();
      await table.put({ pk, sk: 'ended', dueShard: pk, dueAtMs: 1 });
      await table.put({ pk, sk: 'later', dueShard: pk, dueAtMs: 1 });

      await table.update({ pk, sk: 'ended' }, { remove: ['dueShard', 'dueAtMs'] });
      await table.update({ pk, sk: 'later' }, { set: { dueAtMs: 100 } });

      expect(await table.queryDue(pk, 50, 10)).toStrictEqual([]);
      expect((await table.queryDue(pk, 100, 10)).map(({ sk }) => sk)).toStrictEqual(['later']);
    });
  });

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
