import { describe, expect, it } from 'vitest';
import { NodeId } from '../../../shared/model/ids.ts';
import type { Item } from '../../../shared/ports/item-table.ts';
import { anAskedStore } from '../../support/asked-store.ts';
import { aResult, executionId } from '../../support/factories-observability.ts';

const SIZE = 20;
const nodes = Array.from({ length: SIZE }, (_, index) => `n${index}`);
const visits = nodes.map((node) => ({ node: NodeId.parse(node), visit: 1 }));
const resultOf = (node: string, run = 1, visit = 1): Item =>
  aResult({ sk: `RESULT#${node}#00000${visit}#000${run}`, node, run, visit });

/** Results of an execution, and what the table was asked for. */
function aStore(items: readonly Item[]) {
  const { table, store, asked } = anAskedStore();
  for (const item of items) table.put(item);
  return { results: store.results, asked };
}

describe('results of many nodes', () => {
  it.each([
    ['all', SIZE, SIZE + 1, 'query'],
    ['half', SIZE, 2 * SIZE, 'query'],
    ['less than half', SIZE, 2 * SIZE + 1, 'getMany'],
    ['a few', 7, 8, 'getMany'],
    ['those of a loop, where nobody knows how many there are', SIZE, undefined, 'getMany'],
  ])('where %s are asked for', async (_what, count, among, by) => {
    const { results, asked } = aStore(nodes.map((node) => resultOf(node)));

    const found = await results.loadResults({ executionId, run: 1 }, visits.slice(0, count), among);

    expect([...found.keys()].sort()).toEqual(nodes.slice(0, count).sort());
    expect(asked()).toEqual([by]);
  });

  it.each([1, 2, 3])(
    'are, read together or by their keys, of run %i at the latest, and of the visit that is asked for',
    async (run) => {
      const items = nodes.flatMap((node, index) => [
        ...(index % 2 === 0 ? [resultOf(node, 1)] : []),
        ...(index % 3 === 0 ? [resultOf(node, 2)] : []),
        ...(index % 5 === 0 ? [resultOf(node, 3), resultOf(node, 3, 2)] : []),
      ]);
      const { results } = aStore(items);

      const together = await results.loadResults({ executionId, run }, visits, SIZE);
      const byKeys = await results.loadResults({ executionId, run }, visits);

      expect(new Map([...together].sort())).toEqual(new Map([...byKeys].sort()));
      expect(together.size).toBeGreaterThan(SIZE / 2 - 1);
    },
  );
});
