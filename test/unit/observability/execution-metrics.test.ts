import { describe, expect, it } from 'vitest';
import type { Json } from '../../../shared/model/json.ts';
import type { NodeResultView } from '../../../shared/model/result.ts';
import { computeMetrics } from '../../../shared/observability/execution-metrics.ts';
import { aPlan, aTask } from '../../support/factories.ts';

const ended = (nodeId: string, queuedAtMs: number, ...attempts: [startedAtMs: number, endedAtMs: number][]) =>
  ({
    nodeId,
    visit: 1,
    run: 1,
    status: 'SUCCEEDED',
    source: 'handler',
    attempts: attempts.map(([startedAtMs, endedAtMs], index) => ({ attempt: index + 1, startedAtMs, endedAtMs })),
    queuedAtMs,
    startedAtMs: attempts.at(-1)?.[0] ?? 0,
    endedAtMs: attempts.at(-1)?.[1] ?? 0,
  }) satisfies NodeResultView;

const definition = (nodes: { [id: string]: Json }, overrides = {}) => aPlan(nodes, overrides).definition;

describe('where the time of an execution went', () => {
  it('is, for a node, queued, running and between attempts', () => {
    const { nodes } = computeMetrics(definition({ a: aTask() }), [ended('a', 100, [130, 150], [250, 255])]);

    expect(nodes).toEqual({ a: { visits: 1, attempts: 2, queuedMs: 30, runningMs: 25, backoffMs: 100 } });
  });

  it('adds up over the visits of a loop', () => {
    const results = [ended('a', 0, [5, 10]), { ...ended('a', 10, [20, 40]), visit: 2 }];

    const { nodes } = computeMetrics(definition({ a: aTask() }), results);

    expect(nodes).toEqual({ a: { visits: 2, attempts: 2, queuedMs: 15, runningMs: 25, backoffMs: 0 } });
  });

  it('goes along the dependencies that ended last', () => {
    const nodes = {
      start: aTask(),
      quick: aTask({ dependsOn: ['start'] }),
      slow: aTask({ dependsOn: ['start'] }),
      join: aTask({ dependsOn: ['quick', 'slow'] }),
      aside: aTask(),
    };
    const results = [
      ended('start', 0, [0, 10]),
      ended('quick', 10, [10, 20]),
      ended('aside', 0, [0, 50]),
      ended('slow', 10, [10, 90]),
      ended('join', 90, [90, 100]),
    ];

    expect(computeMetrics(definition(nodes), results).criticalPath).toEqual({
      nodes: ['start', 'slow', 'join'],
      durationMs: 100,
    });
  });

  it('goes past nodes that were skipped without a result', () => {
    const nodes = {
      a: aTask(),
      b: aTask({ dependsOn: ['a'] }),
      c: aTask({ dependsOn: ['b'], triggerRule: 'all_done' }),
    };
    const results = [ended('a', 0, [0, 10]), ended('c', 10, [10, 20])];

    expect(computeMetrics(definition(nodes), results).criticalPath.nodes).toEqual(['a', 'c']);
  });

  it('ends at a node that no other waited for, even if both ended in the same millisecond', () => {
    const nodes = { z: aTask(), a: aTask({ dependsOn: ['z'] }) };
    const results = [ended('a', 5, [5, 5]), ended('z', 0, [0, 5])];

    expect(computeMetrics(definition(nodes), results).criticalPath.nodes).toEqual(['z', 'a']);
  });

  it('is every visit of a route, one after another', () => {
    const nodes = { a: aTask({ next: 'b' }), b: aTask() };
    const results = [ended('a', 0, [0, 10]), ended('b', 10, [15, 20])];

    const { criticalPath } = computeMetrics(definition(nodes, { strategy: 'conditional' }), results);

    expect(criticalPath).toEqual({ nodes: ['a', 'b'], durationMs: 20 });
  });

  it('is nothing where nothing ended', () => {
    expect(computeMetrics(definition({ a: aTask() }), [])).toEqual({
      nodes: {},
      criticalPath: { nodes: [], durationMs: 0 },
    });
  });
});
