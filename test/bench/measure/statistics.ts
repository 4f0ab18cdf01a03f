import * as z from 'zod';

/** What many measurements of one thing come to, in their unit. */
export const Summary = z.object({
  count: z.int(),
  min: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  max: z.number(),
  /** Median of the distances from the median: half of the measurements are nearer to it. */
  mad: z.number(),
});
export type Summary = Readonly<z.infer<typeof Summary>>;

/** @throws {RangeError} there is nothing to sum up */
export function summarize(values: readonly number[]): Summary {
  const sorted = ascending(values);
  const p50 = percentile(sorted, 50);
  const distances = ascending(sorted.map((value) => Math.abs(value - p50)));
  return {
    count: sorted.length,
    min: percentile(sorted, 0),
    p50,
    p90: percentile(sorted, 90),
    p99: percentile(sorted, 99),
    max: percentile(sorted, 100),
    mad: percentile(distances, 50),
  };
}

/**
 * The smallest of the values that at least `percent` of them do not exceed (nearest rank): a value that was measured. Of
 * 30 values the 99th percentile is the largest.
 * @param sorted ascending
 */
export function percentile(sorted: readonly number[], percent: number): number {
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('There is no percentile of nothing: measure at least once');
  return value;
}

export const median = (values: readonly number[]): number => percentile(ascending(values), 50);

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
