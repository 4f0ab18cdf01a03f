import * as z from 'zod';
import { Json } from './json.ts';
import { ValueLink } from './value-link.ts';

/** What is kept of an error: always a name and a message. */
export type ErrorInfo = {
  /** The error's class or given name, as retry and catch patterns match it. */
  readonly name: string;
  readonly message: string;
  /** Stable, of fanjoin's own errors. */
  readonly code?: string | undefined;
  /** Shortened to 2,000 characters. */
  readonly stack?: string | undefined;
  readonly cause?: ErrorInfo | undefined;
};
export const ErrorInfo: z.ZodType<ErrorInfo> = z.lazy(() =>
  z.object({
    name: z.string(),
    message: z.string(),
    code: z.string().optional(),
    stack: z.string().optional(),
    cause: ErrorInfo.optional(),
  }),
);

/** Code of the error of a node that was stopped with its execution. */
export const NODE_ABORTED = 'NODE_ABORTED';

/** Executions: three that go on, four that ended. */
export const ExecutionStatus = z.enum(['RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED']);
export type ExecutionStatus = z.infer<typeof ExecutionStatus>;

export const isTerminal = (status: ExecutionStatus): boolean => status !== 'RUNNING' && status !== 'PAUSED';

/** How a visit of a node ended. `SKIPPED`: its `runIf` was false. A caught error counts as `SUCCEEDED`, source `catch`. */
export const NodeStatus = z.enum(['SUCCEEDED', 'FAILED', 'SKIPPED']);
export type NodeStatus = z.infer<typeof NodeStatus>;

/** What made a result: the handler, its fallback, a catch clause, the cache, or the engine (choice, transform, runIf, a crash). */
export const ResultSource = z.enum(['handler', 'fallback', 'catch', 'cache', 'engine']);
export type ResultSource = z.infer<typeof ResultSource>;

/** One try of a node or chunk. Times in milliseconds since the epoch. */
export const AttemptRecord = z.object({
  attempt: z.int().min(1),
  startedAtMs: z.number(),
  endedAtMs: z.number(),
  error: ErrorInfo.optional(),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;
/** All that costs and events take of one. */
export const AttemptTimes = AttemptRecord.pick({ startedAtMs: true, endedAtMs: true });

/**
 * A JSON value kept in the item itself, as text or packed (raw deflate), or in the blob store where it is large. `bytes`: of
 * its JSON in UTF-8.
 */
export const Payload = z.union([
  z.object({ inline: z.string() }),
  z.object({ packed: z.instanceof(Uint8Array), bytes: z.int() }),
  z.object({ blob: z.string(), bytes: z.int() }),
]);
export type Payload = z.infer<typeof Payload>;

/** An item of a map that failed for good. */
export const ItemFailure = z.object({ index: z.int().min(0), error: ErrorInfo });
export type ItemFailure = z.infer<typeof ItemFailure>;

/** An ended visit of a node, as it is read by users. */
export const NodeResultView = z.object({
  nodeId: z.string(),
  visit: z.int(),
  /** 1, or more after a redrive. */
  run: z.int(),
  status: NodeStatus,
  source: ResultSource,
  output: Json.optional(),
  error: ErrorInfo.optional(),
  /** Why its fallback failed too. */
  fallbackError: ErrorInfo.optional(),
  failures: z.array(ItemFailure).optional(),
  /** The output, or the failures, are too large for this answer. */
  outputAt: ValueLink.optional(),
  failuresAt: ValueLink.optional(),
  /** It came after the end of its execution, and changed nothing. */
  late: z.literal(true).optional(),
  attempts: z.array(AttemptRecord),
  queuedAtMs: z.number(),
  startedAtMs: z.number(),
  endedAtMs: z.number(),
});
export type NodeResultView = z.infer<typeof NodeResultView>;
