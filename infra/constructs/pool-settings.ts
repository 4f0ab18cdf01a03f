import { Duration, Token } from 'aws-cdk-lib';
import { FanjoinError } from '../../shared/errors.ts';
import { batchSizeOf, DEFAULT_POOL, PoolName, poolSize } from '../../shared/model/pools.ts';
import type { Runners } from '../../shared/model/runners.ts';
import type { PoolConcurrency } from './worker-pool.ts';

/** A named pool: a queue of its own, and a bound on how many handlers of its nodes run at once. */
export interface PoolProps {
  /** Handlers at once, across executions: 2 to 1,000. @default 10 */
  readonly size?: number | undefined;
  /** Memory in MB of the function that runs its nodes, which is then its own: 128 to 10,240. @default that of the node runner */
  readonly memorySize?: number;
  /** The longest that function may take, at most 15 minutes; it is then the pool's own. @default that of the node runner */
  readonly timeout?: Duration;
}

/** What a pool comes to, everything filled in. */
export interface PoolSettings {
  readonly name: string;
  readonly concurrency: PoolConcurrency;
  readonly memorySize: number;
  readonly timeout: Duration;
  /** Whether a function of its own runs it. */
  readonly hasOwnRunner: boolean;
}

export interface PoolDefaults {
  readonly pools?: Readonly<Record<string, PoolProps>>;
  readonly defaultConcurrency: number;
  readonly memorySize: number;
  readonly timeout: Duration;
}

const MAX_TIMEOUT = Duration.minutes(15);

/** The `default` pool first, then the named ones. @throws {FanjoinError} `INVALID_POOL`, `INVALID_POOL_SIZE` */
export function poolSettings({
  pools = {},
  defaultConcurrency,
  memorySize,
  timeout,
}: PoolDefaults): readonly PoolSettings[] {
  const shared = { memorySize: memoryOf(memorySize, DEFAULT_POOL), timeout: atMost(timeout, DEFAULT_POOL) };
  return [
    {
      name: DEFAULT_POOL,
      concurrency: { maxConcurrency: sizeOf(defaultConcurrency, DEFAULT_POOL), batchSize: batchSizeOf(DEFAULT_POOL) },
      ...{ ...shared, hasOwnRunner: false },
    },
    ...Object.entries(pools).map(([name, pool]) => {
      const parsed = PoolName.safeParse(name);
      if (!parsed.success || name === DEFAULT_POOL)
        throw new FanjoinError(
          'INVALID_POOL',
          `A named pool cannot be called '${name}': ${parsed.error?.issues[0]?.message ?? 'the default pool has props of its own'}`,
        );
      const size = sizeOf(poolSize({ [name]: { size: pool.size } }, name), name);
      return {
        name,
        concurrency: { maxConcurrency: size, batchSize: batchSizeOf(name) },
        memorySize: memoryOf(pool.memorySize ?? memorySize, name),
        timeout: atMost(pool.timeout ?? timeout, name),
        hasOwnRunner: pool.memorySize !== undefined || pool.timeout !== undefined,
      };
    }),
  ];
}

/** What runs the pools' nodes; those that share a function are told by `default` alone. */
export const toRunners = (pools: readonly PoolSettings[]): Runners =>
  Object.fromEntries(
    pools
      .filter(({ name, hasOwnRunner }) => name === DEFAULT_POOL || hasOwnRunner)
      .map(({ name, timeout, memorySize }) => [name, { timeoutSeconds: timeout.toSeconds(), memoryMb: memorySize }]),
  );

function sizeOf(size: number, pool: string): number {
  if (Number.isInteger(size) && size >= 2 && size <= 1_000) return size;
  throw new FanjoinError(
    'INVALID_POOL_SIZE',
    `The pool '${pool}' has the size ${size}: Lambda bounds a queue's invocations to 2 at the least, and 1,000 at the most`,
  );
}

function memoryOf(megabytes: number, pool: string): number {
  if (Token.isUnresolved(megabytes) || (Number.isInteger(megabytes) && megabytes >= 128 && megabytes <= 10_240))
    return megabytes;
  throw new FanjoinError(
    'INVALID_POOL',
    `The pool '${pool}' has ${megabytes} MB of memory: Lambda gives a function 128 MB at the least, and 10,240 at the most`,
  );
}

function atMost(timeout: Duration, pool: string): Duration {
  if (timeout.toSeconds() <= MAX_TIMEOUT.toSeconds()) return timeout;
  throw new FanjoinError(
    'INVALID_POOL',
    `The pool '${pool}' has a timeout of ${timeout.toSeconds()} s: Lambda ends every invocation after 15 minutes`,
  );
}
