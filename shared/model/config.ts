import * as z from 'zod';
import { LIMITS } from './limits.ts';

const seconds = z.number().positive().max(LIMITS.maxTimeoutSeconds);

/** How an execution runs. Every field has a default; a workflow's own config goes before the executor's. */
export const ExecutionConfig = z.strictObject({
  /** At most so many nodes (a map's chunks count one each) dispatched and unfinished at once: a hard bound. */
  maxParallelNodes: z.int().min(1).max(LIMITS.maxParallelNodes).default(10),
  /** For the whole execution, pauses included; then it ends `TIMED_OUT` with partial results. */
  timeoutSeconds: seconds.default(300),
  /** Gives nodes that name no retry policy the default one: `maxRetries`, 1 s, doubling, no jitter. */
  retryFailedNodes: z.boolean().default(false),
  /** Retries after the first attempt, where `retryFailedNodes` applies. */
  maxRetries: z.int().min(0).max(LIMITS.maxRetries).default(3),
  /** Named checkpoints at each pause and every `checkpointInterval` finished nodes. */
  enableCheckpoints: z.boolean().default(false),
  /** In finished nodes. */
  checkpointInterval: z.int().min(1).default(5),
  /** Spans and stored node starts. */
  traceExecution: z.boolean().default(false),
});
export type ExecutionConfig = z.infer<typeof ExecutionConfig>;

/** A config as users write it: any subset. */
export const ExecutionConfigInput = ExecutionConfig.partial();
export type ExecutionConfigInput = z.input<typeof ExecutionConfig>;

/** How failed attempts of a node are repeated. */
export const RetryPolicy = z
  .strictObject({
    /** Retries after the first attempt. */
    maxRetries: z.int().min(0).max(LIMITS.maxRetries).default(3),
    /** Before the first retry. */
    intervalSeconds: z.number().min(0).max(LIMITS.maxTimeoutSeconds).default(1),
    /** Each further delay is the one before times this. */
    backoffRate: z.number().min(1).max(100).default(2),
    /** No delay is longer. */
    maxDelaySeconds: z.number().positive().max(LIMITS.maxTimeoutSeconds).optional(),
    /** `FULL` draws each delay evenly between 0 and what it would be. */
    jitterStrategy: z.enum(['NONE', 'FULL']).default('NONE'),
    /** Only errors of these names are retried; default all. `*` at the end matches any ending. */
    retryableErrors: z.array(z.string().min(1)).optional(),
    /** Errors of these names are never retried; goes before `retryableErrors`. */
    nonRetryableErrors: z.array(z.string().min(1)).optional(),
  })
  .refine((policy) => policy.maxDelaySeconds === undefined || policy.maxDelaySeconds >= policy.intervalSeconds, {
    path: ['maxDelaySeconds'],
    message: 'is shorter than intervalSeconds, so no delay could hold; raise it or lower intervalSeconds',
  });
export type RetryPolicy = z.infer<typeof RetryPolicy>;

/** The policy that `retryFailedNodes` gives. */
export const defaultRetryPolicy = (config: ExecutionConfig): RetryPolicy =>
  RetryPolicy.parse({ maxRetries: config.maxRetries });
