import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDuration,
  emptySketch,
  mergeSketch,
  quantile,
  summarize,
} from '../../../shared/observability/duration-sketch.ts';

const durations = fc.array(fc.double({ min: 0, max: 3e10, noNaN: true }), { minLength: 1, maxLength: 200 });

const sketchOf = (values: readonly number[]) => {
  const sketch = emptySketch();
  for (const value of values) addDuration(sketch, value);
  return sketch;
};

describe('a sketch of durations', () => {
  it('knows count, mean and maximum exactly', () => {
    expect(summarize(sketchOf([1, 2, 30]))).toMatchObject({ count: 3, meanMs: 11, maxMs: 30 });
    expect(summarize(emptySketch())).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, maxMs: 0 });
  });

  it('is off by at most 2 % at any quantile, and by less than a millisecond below one', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 1), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0;

        const found = quantile(sketchOf(values), share);

        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact < 1 ? 1 : exact * 0.02);
      }),
    );
  });

  it('adds up to what one that saw everything has', () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const merged = sketchOf(some);
        mergeSketch(merged, sketchOf(others));

        const whole = sketchOf([...some, ...others]);

        expect(merged.buckets).toEqual(whole.buckets);
        expect([merged.count, merged.maxMs]).toEqual([whole.count, whole.maxMs]);
        expect(merged.sumMs).toBeCloseTo(whole.sumMs, -3);
      }),
    );
  });

  it('stays small: a year of different durations falls into 620 buckets', () => {
    const sketch = emptySketch();
    for (let ms = 1; ms < 31_536_000_000; ms *= 1.01) addDuration(sketch, ms);

    expect(Object.keys(sketch.buckets).length).toBeLessThanOrEqual(620);
  });
});
