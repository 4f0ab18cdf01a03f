import type { Random } from './random.ts';

/** How long something takes: half of the times at most `p50Ms`, 99 of 100 times at most `p99Ms`. */
interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** From a change to the invocation that hears of it, from a message to its, and of a write to the table. */
export type LatencyKind = 'stream' | 'queue' | 'write';

/**
 * What was measured on AWS: streams and queues feeding Lambda at 213/552 ms and 16/105 ms, a conditional write at some 5 ms.
 */
export const AWS_LATENCY: Readonly<Record<LatencyKind, Spread>> = {
  stream: { p50Ms: 213, p99Ms: 552 },
  queue: { p50Ms: 16, p99Ms: 105 },
  write: { p50Ms: 5, p99Ms: 5 },
};

/** Where 99 of 100 values of a standard normal distribution are below. */
const Z99 = 2.326_348;

/** A time of a log-normal spread. */
export function drawMs({ p50Ms, p99Ms }: Spread, random: Random): number {
  const sigma = Math.log(p99Ms / p50Ms) / Z99;
  return p50Ms * Math.exp(sigma * drawNormal(random));
}

/** Box and Muller's. */
const drawNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
