import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { fitsLimit, followOf } from '../../../shared/core/hand-off.ts';
import type { GraphPlan } from '../../../shared/core/plan.ts';
import type { Json } from '../../../shared/model/json.ts';
import { aDefinition, aMap, aTask } from '../../support/factories.ts';

function aGraph(nodes: { readonly [id: string]: Json }): GraphPlan {
  const plan = compile(aDefinition(nodes));
  if (plan.kind !== 'graph') throw new Error('It is no graph');
  return plan;
}

const behind = (...dependsOn: string[]) => aTask({ dependsOn });
const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

describe('what follows a success without the scheduler', () => {
  it('are children that wait for nothing else, and joins of up to eight', () => {
    const plan = aGraph({
      a: aTask(),
      b: aTask(),
      alone: behind('a'),
      join: behind('a', 'b'),
      ...Object.fromEntries(ids(8).map((id) => [id, aTask()])),
      wide: behind('a', ...ids(8)),
    });

    expect(followOf(plan, 0)).toEqual({ alone: [2], joins: [{ node: 3, others: [1] }] });
  });

  it('are no maps, and nothing whose rule a single success does not decide', () => {
    const plan = aGraph({
      a: aTask(),
      b: aTask(),
      map: aMap({ dependsOn: ['a'] }),
      never: aTask({ dependsOn: ['a'], triggerRule: 'all_failed' }),
      any: aTask({ dependsOn: ['a', 'b'], triggerRule: 'any_success' }),
      always: aTask({ dependsOn: ['a'], triggerRule: 'all_done' }),
    });

    expect(followOf(plan, 0)).toEqual({ alone: [5], joins: [] });
  });

  it('is the end, once the other sinks have succeeded', () => {
    const plan = aGraph({ a: aTask(), b: behind('a'), c: behind('a') });

    expect(followOf(plan, 1).otherSinks).toEqual([2]);
    expect(followOf(plan, 0).otherSinks).toBeUndefined();
  });

  it('is no end where a node may run on beside a sink that did not wait for it', () => {
    const plan = aGraph({ a: aTask(), b: aTask(), c: aTask({ dependsOn: ['a', 'b'], triggerRule: 'any_success' }) });

    expect(followOf(plan, 2).otherSinks).toBeUndefined();
  });
});

describe('the width of a graph', () => {
  it.each([
    [
      'a chain',
      Object.fromEntries(ids(50).map((id, index) => [id, index === 0 ? aTask() : behind(`n${index - 1}`)])),
      1,
    ],
    [
      'a fan-out and its join',
      { root: aTask(), ...Object.fromEntries(ids(20).map((id) => [id, behind('root')])), join: behind(...ids(20)) },
      20,
    ],
    ['two chains', { a: aTask(), b: aTask(), c: behind('a'), d: behind('b') }, 2],
  ])('of %s is as many nodes as can run at once', (_name, nodes, width) => {
    const plan = aGraph(nodes);

    expect(plan.width).toBe(width);
    expect([fitsLimit(plan, width), fitsLimit(plan, width - 1)]).toEqual([true, false]);
  });

  it('with a map has no bound: its chunks count, too', () => {
    expect(fitsLimit(aGraph({ map: aMap() }), 10_000)).toBe(false);
  });
});
