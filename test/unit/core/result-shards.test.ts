import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { computeResultShards } from '../../../shared/core/result-shards.ts';
import { aTask } from '../../support/factories.ts';

const wide = (width: number) =>
  compile({
    name: 'wide',
    nodes: Object.fromEntries(Array.from({ length: width }, (_, index) => [`n${index}`, aTask()])),
  });
const map = compile({ name: 'map', nodes: { m: { ...aTask(), type: 'map', items: '{% [1..9] %}' } } });
const route = compile({ name: 'route', strategy: 'conditional', start: 'a', nodes: { a: aTask() } });

describe('results are spread over', () => {
  it.each([
    ['no partitions of their own, of a narrow graph', wide(100), 10_000, undefined],
    ['none, where few run at once', wide(1_000), 10, undefined],
    ['none, of a map with the default limit', map, 10, undefined],
    ['none, of a route, where one runs at a time', route, 10_000, undefined],
    ['as many as so many nodes at once take', wide(1_000), 1_000, 8],
    ['as many as so many chunks at once take', map, 200, 2],
    ['a bounded number', map, 10_000, 16],
  ] as const)('%s', (_what, plan, maxParallelNodes, shards) => {
    const computed = computeResultShards(plan, maxParallelNodes);

    expect(computed).toBe(shards);
  });
});
