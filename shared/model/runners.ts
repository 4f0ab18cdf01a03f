import * as z from 'zod';
import { DEFAULT_POOL, PoolName } from './pools.ts';

/** The functions that run nodes: that of the `default` pool, and those of pools that have one of their own. */
export const Runners = z.record(
  PoolName,
  z.strictObject({
    /** The longest invocation. */
    timeoutSeconds: z.number().positive(),
    memoryMb: z.int().positive(),
  }),
);
export type Runners = z.infer<typeof Runners>;

/** What runs a pool's nodes: its own function, or the one they share. */
export const runnerOf = (runners: Runners, pool: string): Runners[string] | undefined =>
  runners[pool] ?? runners[DEFAULT_POOL];
