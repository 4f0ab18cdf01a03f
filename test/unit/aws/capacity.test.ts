import { describe, expect, it } from 'vitest';
import { compareCapacity, metricQueries, sumConsumed } from '../../aws/capacity.ts';

describe('what AWS counted', () => {
  it('is asked for of the table, of each index apart, and of each function', () => {
    const queries = metricQueries({ tableName: 't', indexNames: ['due'], functionNames: ['api', 'sweep'] });

    const asked = queries.map(({ Id, MetricStat }) => [
      Id,
      ...(MetricStat?.Metric?.Dimensions ?? []).map(({ Value }) => Value),
    ]);
    expect(asked).toEqual([
      ['writeUnits_0', 't'],
      ['writeUnits_1', 't', 'due'],
      ['readUnits_0', 't'],
      ['readUnits_1', 't', 'due'],
      ['invocations_0', 'api'],
      ['invocations_1', 'sweep'],
    ]);
  });

  it('is summed up over minutes and places; what CloudWatch has nothing of counts nothing', () => {
    const consumed = sumConsumed([
      { Id: 'writeUnits_0', Values: [10, 2.5] },
      { Id: 'writeUnits_1', Values: [1] },
      { Id: 'readUnits_0' },
      { Id: 'invocations_0', Values: [7] },
    ]);

    expect(consumed).toEqual({ writeUnits: 13.5, readUnits: 0, invocations: 7 });
  });

  it.each([
    ['as many writes', 1_000, true],
    ['a few more, of the sweep and of definitions', 1_200, true],
    ['far more than executions say', 1_400, false],
    ['fewer than executions say', 800, false],
  ])('agrees with executions, or not: %s', (_case, writeUnits, isWithin) => {
    const billed = { writeUnits: 1_000, readUnits: 500, invocations: 200 };

    const [writes] = compareCapacity(billed, { writeUnits, readUnits: 500, invocations: 200 });

    expect(writes).toMatchObject({ kind: 'writeUnits', difference: writeUnits - 1_000, isWithin });
  });

  it('does not agree while nothing is counted', () => {
    const billed = { writeUnits: 1, readUnits: 1, invocations: 1 };

    const compared = compareCapacity(billed, { writeUnits: 0, readUnits: 0, invocations: 0 });

    expect(compared.map(({ isWithin }) => isWithin)).toEqual([false, false, false]);
  });
});
