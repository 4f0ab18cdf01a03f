import * as z from 'zod';
import { LIMITS } from './limits.ts';

const seconds = z.number().positive().max(LIMITS.maxTimeoutSeconds);

/** A config as users write it: any subset, and nothing is filled in, so that what one leaves out another can say. */
export const ExecutionConfigInput = z
  .strictObject({
    /** At most so many nodes (a map's chunks count one each) dispatched and unfinished at once: a hard bound. */
    maxParallelNodes: z.int().min(1).max(LIMITS.maxParallelNodes).meta({ default: 10 }),
    /** For the whole execution, pauses included; then it ends `TIMED_OUT` with partial results. */
    timeoutSeconds: seconds.meta({ default: 300 }),
    /** Gives nodes that name no retry policy the default one: `maxRetries`, 1 s, doubling, no jitter. */
    retryFailedNodes: z.boolean().meta({ default: false }),
    /** Retries after the first attempt, where `retryFailedNodes` applies. */
    maxRetries: z.int().min(0).max(LIMITS.maxRetries).meta({ default: 3 }),
    /** A checkpoint every `checkpointInterval` finished nodes. Every pause is one in any case. */
    enableCheckpoints: z.boolean().meta({ default: false }),
    /** In finished nodes. */
    checkpointInterval: z.int().min(1).meta({ default: 5 }),
    /** Spans and stored node starts. */
    traceExecution: z.boolean().meta({ default: false }),
  })
  .partial();
export type ExecutionConfigInput = z.input<typeof ExecutionConfigInput>;

const { shape } = ExecutionConfigInput;

/** How an execution runs, every field filled in. A workflow's own config goes before the executor's. */
export const ExecutionConfig = z.strictObject({
  maxParallelNodes: shape.maxParallelNodes.unwrap().default(10),
  timeoutSeconds: shape.timeoutSeconds.unwrap().default(300),
  retryFailedNodes: shape.retryFailedNodes.unwrap().default(false),
  maxRetries: shape.maxRetries.unwrap().default(3),
  enableCheckpoints: shape.enableCheckpoints.unwrap().default(false),
  checkpointInterval: shape.checkpointInterval.unwrap().default(5),
  traceExecution: shape.traceExecution.unwrap().default(false),
});
export type ExecutionConfig = z.infer<typeof ExecutionConfig>;

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

/**
 * How executions advance. `eager`: who finishes a node starts what follows, where that is safe; `stream`: every result goes
 * through the scheduler. They differ in time and cost alone.
 */
export const Advance = z.enum(['eager', 'stream']);
export type Advance = z.infer<typeof Advance>;
export const DEFAULT_ADVANCE: Advance = 'eager';
