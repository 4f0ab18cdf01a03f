import { describe, expect, it } from 'vitest';
import { NodeId } from '../../../shared/model/ids.ts';
import { resultPks } from '../../../shared/store/keys.ts';
import { openStore } from '../../../shared/store/store.ts';
import { MemoryBlobs } from '../../simulation/memory-blobs.ts';
import { MemoryTable } from '../../simulation/memory-table.ts';
import { atOnce } from '../../simulation/ports.ts';
import { aSucceeded, executionId } from '../../support/factories-observability.ts';

const home = { executionId, resultShards: 4, run: 1 };
const SIZE = 400;
const ids = Array.from({ length: SIZE }, (_, index) => NodeId.parse(`n${index}`));
const times = { queuedAtMs: 1, startedAtMs: 2, endedAtMs: 3, attempts: [] };

function aStore() {
  const table = new MemoryTable();
  const ports = atOnce(table, new MemoryBlobs());
  return { table, store: openStore(ports.table, ports.blobs, { id: 'tested' }) };
}

async function withResults() {
  const made = aStore();
  for (const node of ids)
    await made.store.results.putResult({ ...home, ...times, node, visit: 1, status: 'SUCCEEDED', source: 'handler' });
  return made;
}

describe('results that are spread over partitions', () => {
  it('lie in each of them about as many, and none beside META', async () => {
    const { table } = await withResults();

    const sizes = resultPks(home).map((pk) => table.partition(pk).length);

    expect(sizes.reduce((sum, size) => sum + size)).toBe(SIZE);
    expect(Math.min(...sizes)).toBeGreaterThan(SIZE / 8);
    expect(table.partition(`EXEC#${executionId}`)).toEqual([]);
  });

  it.each([1, 3, 7, 100, 1_000])('come back whole and in order, in pages of %i', async (limit) => {
    const { store } = await withResults();
    const found: string[] = [];
    let after: string | undefined;

    do {
      const page = await store.results.pageOfResults(home, after, limit);
      expect(page.results.length).toBeGreaterThan(0);
      found.push(...page.results.map(({ node }) => node));
      after = page.next;
    } while (after !== undefined);

    expect(found).toEqual([...ids].map(String).sort());
  });

  it('are found one by one, and all together', async () => {
    const { store } = await withResults();
    const visits = ids.map((node) => ({ node, visit: 1 }));

    const byKeys = await store.results.loadResults(home, visits);
    const together = await store.results.loadResults(home, visits, SIZE);
    const latest = await store.results.loadLatest(home, NodeId.parse('n7'));

    expect([byKeys.size, together.size, latest?.node]).toEqual([SIZE, SIZE, 'n7']);
  });

  it('are, of a map, dealt out in turn and read in order', async () => {
    const { table, store } = aStore();
    const key = { ...home, node: NodeId.parse('m'), visit: 1 };
    for (let chunk = 0; chunk < 40; chunk++)
      await store.results.putChunk({ ...key, ...times, chunk, outcome: { inline: '{}' }, failedItems: 0 });

    const read = [];
    for await (const { chunk } of store.results.chunks(key)) read.push(chunk);

    expect(read).toEqual(Array.from({ length: 40 }, (_, chunk) => chunk));
    expect(resultPks(home).map((pk) => table.partition(pk).length)).toEqual([10, 10, 10, 10]);
  });
});

describe('a history of several logs', () => {
  it('is read whole from where a reader stands, though one of them is behind', async () => {
    const { store } = aStore();
    const [first = '', second = ''] = resultPks(home);
    await store.events.put(first, [aSucceeded({ position: '10.0' }), aSucceeded({ position: '30.0' })]);
    const early = await store.events.page(home, undefined, 10, 0);
    await store.events.put(second, [aSucceeded({ position: '20.0' })]);

    const late = await store.events.page(home, early.events.at(-1)?.position, 10, 0);
    const all = await store.events.page(home, undefined, 10, 0);

    expect([early.events.length, late.events.length, all.events.length]).toEqual([2, 1, 3]);
  });

  it.each([1, 2, 100])('gives each event once, in pages of %i', async (limit) => {
    const { store } = aStore();
    for (const [log, pk] of resultPks(home).entries())
      for (let index = 1; index <= 5; index++)
        await store.events.put(pk, [aSucceeded({ id: `${log} ${index}`, position: `${index * 10 + log}.0` })]);
    const ids: string[] = [];
    let after: string | undefined;

    do {
      const page = await store.events.page(home, after, limit, 0);
      ids.push(...page.events.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);

    expect(ids).toEqual([1, 2, 3, 4, 5].flatMap((index) => [0, 1, 2, 3].map((log) => `${log} ${index}`)));
  });
});
