import * as z from 'zod';

export const DEFAULT_POOL = 'default';
const DEFAULT_SIZE = 10;

export const PoolName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a pool name has a small letter, then up to 39 small letters, digits and -');

/** Named pools beside `default`. A pool bounds how many handlers of its nodes run at once, across executions. */
export const Pools = z.record(
  PoolName,
  z.strictObject({
    /** Default 10. */
    size: z.int().min(1).max(1_000).optional(),
  }),
);
export type Pools = z.infer<typeof Pools>;

/**
 * Messages to an invocation of the runner: ten of the default pool run side by side. Of a named one each has its own: what
 * is worth a bound is slow, and a batch holds all its slots until its last is done.
 */
export const batchSizeOf = (pool: string): number => (pool === DEFAULT_POOL ? 10 : 1);

export const poolSize = (pools: Pools, pool: string): number => pools[pool]?.size ?? DEFAULT_SIZE;
