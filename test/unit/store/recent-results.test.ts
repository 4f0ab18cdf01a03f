import { describe, expect, it } from 'vitest';
import { ExecutionId, NodeId } from '../../../shared/model/ids.ts';
import { ResultItem } from '../../../shared/model/items.ts';
import { RecentResults } from '../../../shared/store/recent-results.ts';
import { anAskedStore } from '../../support/asked-store.ts';
import { aResult } from '../../support/factories-observability.ts';

const resultOf = (node: string, executionId = 'e1', output = '1') =>
  ResultItem.parse(
    aResult({
      ...{ pk: `EXEC#${executionId}`, sk: `RESULT#${node}#000001#0001`, executionId: ExecutionId.parse(executionId) },
      ...{ node: NodeId.parse(node), visit: 1, run: 1, output: { inline: output } },
    }),
  );
const visitsOf = (...nodes: string[]) => nodes.map((node) => ({ node: NodeId.parse(node), visit: 1 }));
const E1 = ExecutionId.parse('e1');

/** Results over a table that others write to, too; and what it was asked for since the last look. */
function aStore(recent?: RecentResults) {
  const { store, ...rest } = anAskedStore(recent);
  const { results } = store;
  const put = async (...items: ResultItem[]) => {
    for (const item of items) await results.putResult({ resultShards: undefined, ...item });
  };
  return { ...rest, results, put };
}

async function nodesOf(results: AsyncIterable<ResultItem>) {
  const nodes: unknown[] = [];
  for await (const { node, output } of results) nodes.push([node, output]);
  return nodes;
}

describe('results that were written a short while ago', () => {
  it('are not read again, by their keys or as all there are', async () => {
    const { results, put, asked } = aStore(new RecentResults(100_000));
    await put(resultOf('b'), resultOf('a'));
    asked();

    const byKeys = await results.loadResults({ executionId: E1, run: 1 }, visitsOf('a', 'b'));
    const one = await results.find({ resultShards: undefined, ...resultOf('b') });
    const readByKeys = asked();
    const all = await nodesOf(results.results({ executionId: E1, run: 1 }));

    expect([...byKeys.keys()].sort()).toEqual(['a', 'b']);
    expect(one?.node).toBe('b');
    expect(readByKeys).toEqual([]);
    expect(all).toEqual([
      ['a', { inline: '1' }],
      ['b', { inline: '1' }],
    ]);
    expect(asked()).toEqual(['query']);
  });

  it('stand in their order with those that others wrote, and are what was first', async () => {
    const { table, results, put } = aStore(new RecentResults(100_000));
    table.put({ ...resultOf('a', 'e1', '"other"') });
    table.put({ ...resultOf('c', 'e1', '"other"') });

    await put(resultOf('d'), resultOf('c'), resultOf('b'));

    expect(await nodesOf(results.results({ executionId: E1, run: 1 }))).toEqual([
      ['a', { inline: '"other"' }],
      ['b', { inline: '1' }],
      ['c', { inline: '"other"' }],
      ['d', { inline: '1' }],
    ]);
  });

  it('are read where they no longer fit, those of the oldest execution first', async () => {
    const { results, put, asked } = aStore(new RecentResults(5_000));
    await put(resultOf('a'), resultOf('a', 'e2', JSON.stringify('x'.repeat(3_000))));
    asked();

    const old = await results.find({ resultShards: undefined, ...resultOf('a') });
    const readOld = asked();
    const young = await results.find({ resultShards: undefined, ...resultOf('a', 'e2') });

    expect([old?.executionId, young?.executionId]).toEqual(['e1', 'e2']);
    expect([readOld, asked()]).toEqual([['get'], []]);
  });

  it('are read once they were forgotten, and where none is kept', async () => {
    const recent = new RecentResults(100_000);
    for (const kept of [recent, undefined]) {
      const { results, put, asked } = aStore(kept);
      await put(resultOf('a'));
      results.forget(E1);
      asked();

      const found = await results.find({ resultShards: undefined, ...resultOf('a') });

      expect(found?.node).toBe('a');
      expect(asked()).toEqual(['get']);
    }
  });
});
