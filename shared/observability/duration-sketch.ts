import * as z from 'zod';

/**
 * Each bucket is 4 % wider than the one before, so a quantile is off by at most 2 % of its value; what took less than a
 * millisecond counts as 0. Any duration up to a year falls into one of 620 buckets.
 */
const GROWTH = 1.04;
const LOG_GROWTH = Math.log(GROWTH);

/** How long something took, many times over: sketches of different observers add up. Durations in milliseconds. */
export const DurationSketch = z.object({
  count: z.int(),
  sumMs: z.number(),
  maxMs: z.number(),
  /** Number of durations by bucket. */
  buckets: z.record(z.string(), z.int()),
});
export type DurationSketch = z.infer<typeof DurationSketch>;

/** What a reader sees of a sketch. Quantiles are within 2 %; count, mean and maximum are exact. */
export const DurationSummary = z.object({
  count: z.int(),
  meanMs: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  maxMs: z.number(),
});
export type DurationSummary = z.infer<typeof DurationSummary>;

export const emptySketch = (): DurationSketch => ({ count: 0, sumMs: 0, maxMs: 0, buckets: {} });

/** Adds a duration. Changes `sketch`. */
export function addDuration(sketch: DurationSketch, durationMs: number): void {
  const ms = Math.max(0, durationMs);
  sketch.count++;
  sketch.sumMs += ms;
  sketch.maxMs = Math.max(sketch.maxMs, ms);
  const bucket = String(bucketOf(ms));
  sketch.buckets[bucket] = (sketch.buckets[bucket] ?? 0) + 1;
}

/** Adds all that another sketch holds. Changes `sketch`. */
export function mergeSketch(sketch: DurationSketch, other: DurationSketch): void {
  sketch.count += other.count;
  sketch.sumMs += other.sumMs;
  sketch.maxMs = Math.max(sketch.maxMs, other.maxMs);
  for (const [bucket, count] of Object.entries(other.buckets)) {
    sketch.buckets[bucket] = (sketch.buckets[bucket] ?? 0) + count;
  }
}

export const summarize = (sketch: DurationSketch): DurationSummary => ({
  count: sketch.count,
  meanMs: sketch.count === 0 ? 0 : sketch.sumMs / sketch.count,
  p50Ms: quantile(sketch, 0.5),
  p95Ms: quantile(sketch, 0.95),
  maxMs: sketch.maxMs,
});

/** The least duration that at least `share` of all do not exceed, as far as the buckets tell. */
export function quantile({ count, maxMs, buckets }: DurationSketch, share: number): number {
  let left = Math.max(1, Math.ceil(share * count));
  const ascending = Object.entries(buckets)
    .map(([bucket, number]) => [Number(bucket), number] as const)
    .sort(([a], [b]) => a - b);
  for (const [bucket, number] of ascending) {
    left -= number;
    if (left <= 0) return Math.min(maxMs, middleOf(bucket));
  }
  return maxMs;
}

/** Bucket 0: less than a millisecond. Bucket `n`: over GROWTH^(n-2) and up to GROWTH^(n-1). */
const bucketOf = (ms: number): number => (ms < 1 ? 0 : Math.ceil(Math.log(ms) / LOG_GROWTH - ROUNDING) + 1);
/** Keeps exact powers of GROWTH, one millisecond among them, in the bucket they bound. */
const ROUNDING = 1e-9;

/** Off by the same share at both ends of the bucket. */
const middleOf = (bucket: number): number => (bucket === 0 ? 0 : (2 * GROWTH ** (bucket - 1)) / (1 + GROWTH));
