import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { POOL_SOURCE, TIMEOUT_SECONDS } from '../../infra/constructs/source-settings.ts';
import { batchSizeOf, DEFAULT_POOL } from '../../shared/model/pools.ts';
import { deadLetterPool } from '../../shared/ports/task-queue.ts';
import type { FunctionHost } from './function-host.ts';
import type { Surroundings } from './process.ts';
import { type DeadLetterTarget, SimulatedQueue } from './queue-source.ts';

/** Who takes a pool's messages. */
export interface PoolFunctions {
  readonly runner: FunctionHost<SQSEvent, SQSBatchResponse>;
  readonly deadLetter: FunctionHost<SQSEvent, SQSBatchResponse>;
  readonly runnerTimeoutSeconds: number;
}

interface PoolOptions {
  /** Of the default pool; others have two. */
  readonly maxConcurrency: number;
  /** Takes what the dead-letter function could not settle. */
  readonly unsettled: DeadLetterTarget;
  readonly onRemoved: (body: string) => void;
}

/** The queues of a pool as the stack makes them, by their names: of its work, and of what was received too often. */
export function poolQueues(
  pool: string,
  surroundings: Surroundings,
  { runner, deadLetter, runnerTimeoutSeconds }: PoolFunctions,
  { maxConcurrency, unsettled, onRemoved }: PoolOptions,
): ReadonlyMap<string, SimulatedQueue> {
  const margin = POOL_SOURCE.visibilityMarginSeconds;
  const dead = new SimulatedQueue(
    {
      name: deadLetterPool(pool),
      visibilityMs: (TIMEOUT_SECONDS.deadLetter + margin) * 1_000,
      maxReceiveCount: POOL_SOURCE.deadLetterMaxReceiveCount,
      deadLetters: unsettled,
      batchSize: POOL_SOURCE.deadLetterBatchSize,
      maxConcurrency: 2,
      onRemoved,
    },
    surroundings,
    deadLetter,
  );
  const queue = new SimulatedQueue(
    {
      name: pool,
      visibilityMs: (runnerTimeoutSeconds + margin) * 1_000,
      maxReceiveCount: POOL_SOURCE.maxReceiveCount,
      deadLetters: dead,
      batchSize: batchSizeOf(pool),
      maxConcurrency: pool === DEFAULT_POOL ? maxConcurrency : 2,
      onRemoved,
    },
    surroundings,
    runner,
  );
  return new Map([
    [pool, queue],
    [deadLetterPool(pool), dead],
  ]);
}
