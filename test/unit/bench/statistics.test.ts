import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentile, summarize } from '../../bench/measure/statistics.ts';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('a summary of measurements', () => {
  it('gives percentiles that were measured, and the median distance from the median', () => {
    const summary = summarize([5, 1, 4, 2, 3, 100, 7, 6, 9, 8]);

    expect(summary).toEqual({ count: 10, min: 1, p50: 5, p90: 9, p99: 100, max: 100, mad: 2 });
  });

  it('takes the largest of 30 as the 99th percentile, and the 99th of 100', () => {
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

    expect(percentile(upTo(30), 99)).toBe(30);
    expect(percentile(upTo(100), 99)).toBe(99);
  });

  it('does not depend on the order, nor change what it is given', () => {
    fc.assert(
      fc.property(values, (given) => {
        const before = [...given];

        expect(summarize([...given].reverse())).toEqual(summarize(given));
        expect(given).toEqual(before);
      }),
    );
  });

  it('has at least so many of a hundred at or below a percentile, and would not with the value before', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (given, percent) => {
        const sorted = [...given].sort((a, b) => a - b);
        const value = percentile(sorted, percent);
        const share = (bound: (other: number) => boolean) => (100 * sorted.filter(bound).length) / sorted.length;

        expect(share((other) => other <= value)).toBeGreaterThanOrEqual(percent - 1e-9);
        expect(share((other) => other < value)).toBeLessThan(percent + 1e-9);
      }),
    );
  });

  it('refuses to sum up nothing', () => {
    expect(() => summarize([])).toThrow('measure at least once');
  });
});
