import { beforeAll, describe, expect, it } from 'vitest';
import type { ItemTable, ListOptions, QueryOptions } from '../../shared/ports/item-table.ts';
import { aPartition, queryAll, type TableHarness } from './table-harness.ts';

export function queryContract(harness: () => TableHarness): void {
  let table: ItemTable;
  beforeAll(() => {
    table = harness().table;
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

    it('gives only the keys where no attributes are asked for, in pages too', async () => {
      const all = await table.query(pk, { prefix: 'A#' });

      const { items } = await table.query(pk, { prefix: 'A#', attributes: [] });
      const page = await table.query(pk, { prefix: 'A#', attributes: [], limit: 1 });

      expect(items).toStrictEqual(all.items.map(({ sk }) => ({ pk, sk })));
      expect(items.length).toBeGreaterThan(1);
      expect(page).toStrictEqual({ items: items.slice(0, 1), next: items[0]?.sk });
    });

    it('gives only the attributes asked for, and the keys', async () => {
      const { items } = await table.query(pk, { prefix: 'B#', attributes: ['n', 'absent', 'sk'] });

      expect(items).toStrictEqual([{ pk, sk: 'B#\u0000', n: 5 }]);
    });

    it('cuts a page at a megabyte and goes on', async () => {
      const large = aPartition();
      await Promise.all(
        Array.from({ length: 5 }, (_, n) => table.put({ pk: large, sk: `${n}`, body: 'x'.repeat(300_000) })),
      );

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
      await Promise.all(
        times.map((dueAtMs) => table.put({ pk, sk: `${dueAtMs}`, dueShard: shard, dueAtMs, tags: new Set(['t']) })),
      );
      await table.put({ pk, sk: 'other', dueShard: `${shard}-other`, dueAtMs: 100 });
      await table.put({ pk, sk: 'none' });

      const dueAt = async (untilMs: number, limit: number) =>
        (await table.queryDue(shard, untilMs, limit)).map(({ sk }) => sk);

      expect(await dueAt(300, 10)).toStrictEqual(['-1', '100', '200', '300']);
      expect(await dueAt(300, 2)).toStrictEqual(['-1', '100']);
      expect(await dueAt(-2, 10)).toStrictEqual([]);
      expect((await table.queryDue(shard, -1, 10))[0]).toStrictEqual({
        pk,
        sk: '-1',
        dueShard: shard,
        dueAtMs: -1,
        tags: new Set(['t']),
      });
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

  describe('queryListed', () => {
    const listed = (pk: string, listedAs: string, extra = {}) => ({
      pk,
      sk: listedAs,
      workflow: pk,
      listedAs,
      ...extra,
    });
    const namesOf = async (workflow: string, options: ListOptions) =>
      (await table.queryListed(workflow, options)).map(({ listedAs }) => listedAs);

    it('gives the items of one workflow, the highest first, behind a bound, up to the limit', async () => {
      const pk = aPartition();
      const other = aPartition();
      const names = ['1#a', '2#a', '2#b', '3#a'];
      await Promise.all([...names.map((name) => table.put(listed(pk, name))), table.put(listed(other, '9#a'))]);

      expect(await namesOf(pk, { limit: 10 })).toStrictEqual(names.toReversed());
      expect(await namesOf(pk, { limit: 2 })).toStrictEqual(['3#a', '2#b']);
      expect(await namesOf(pk, { limit: 10, before: '2#b' })).toStrictEqual(['2#a', '1#a']);
      expect(await namesOf(pk, { limit: 10, before: '1#a' })).toStrictEqual([]);
      expect(await namesOf(aPartition(), { limit: 10 })).toStrictEqual([]);
    });

    it('gives those of a range: its lower end in it, its upper end not', async () => {
      const pk = aPartition();
      const names = ['1#a', '2#a', '2#b', '3#a'];
      await Promise.all(names.map((name) => table.put(listed(pk, name))));

      expect(await namesOf(pk, { limit: 10, from: '2#a' })).toStrictEqual(['3#a', '2#b', '2#a']);
      expect(await namesOf(pk, { limit: 10, from: '2' })).toStrictEqual(['3#a', '2#b', '2#a']);
      expect(await namesOf(pk, { limit: 10, from: '2#a', before: '3#a' })).toStrictEqual(['2#b', '2#a']);
      expect(await namesOf(pk, { limit: 1, from: '1#a', before: '3#a' })).toStrictEqual(['2#b']);
      expect(await namesOf(pk, { limit: 10, from: '2#b', before: '2#b' })).toStrictEqual([]);
      expect(await namesOf(pk, { limit: 10, from: '3#a', before: '1#a' })).toStrictEqual([]);
      expect(await namesOf(pk, { limit: 10, from: '4' })).toStrictEqual([]);
    });

    it('gives only what a list shows, as it stands after a change', async () => {
      const pk = aPartition();
      await table.put(listed(pk, '1#e', { executionId: 'e', input: 'x', parked: new Set(['m']) }));

      await table.update({ pk, sk: '1#e' }, { set: { status: 'FAILED', endedAs: 'FAILED' } });

      expect(await table.queryListed(pk, { limit: 10 })).toStrictEqual([
        listed(pk, '1#e', { executionId: 'e', endedAs: 'FAILED' }),
      ]);
    });

    it('knows only items that have both attributes', async () => {
      const pk = aPartition();
      await table.put({ pk, sk: 'A', workflow: pk });
      await table.put({ pk, sk: 'B', listedAs: '1' });

      expect(await table.queryListed(pk, { limit: 10 })).toStrictEqual([]);
    });

    it('reads on when a page is full', async () => {
      const pk = aPartition();
      const names = Array.from({ length: 1_200 }, (_, n) => String(n).padStart(5, '0'));
      await Promise.all(names.map((name) => table.put(listed(pk, name, { executionId: 'x'.repeat(1_500) }))));

      expect(await namesOf(pk, { limit: 1_100 })).toStrictEqual(names.toReversed().slice(0, 1_100));
    });
  });
}
