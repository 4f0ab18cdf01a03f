import * as z from 'zod';
import { ExecutionStatus, ResultSource } from '../model/result.ts';
import { StopReason } from '../model/state.ts';

/** What an event says of an error: never its stack, never a payload. */
export const ErrorOutline = z.object({ name: z.string(), message: z.string(), code: z.string().optional() });

const base = {
  /** Names what happened: the same, however often it is told. */
  id: z.string(),
  /** Its place in the execution's history: pass it as `after` to go on behind it. See {@link comparePositions}. */
  position: z.string(),
  executionId: z.string(),
  /** 1, and one more for each redrive. */
  run: z.int(),
  /** Milliseconds since the epoch. */
  atMs: z.number(),
};

const visit = {
  ...base,
  nodeId: z.string(),
  /** How often the node was entered, this time included; over 1 only in loops. */
  visit: z.int(),
};

const settled = {
  ...visit,
  source: ResultSource,
  attempts: z.int(),
  /** When the scheduler dispatched it, and when the attempt that ended it began. */
  queuedAtMs: z.number(),
  startedAtMs: z.number(),
  /** What its attempts took, the waits between them left out. */
  durationMs: z.number(),
};

const event = <const Type extends string, Shape extends z.core.$ZodShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

/** Something that happened to an execution. Nodes that a trigger rule skips make none: such skips are derived, never written. */
export const ExecutionEvent = z.discriminatedUnion('type', [
  event('ExecutionStarted', {
    ...base,
    workflow: z.string(),
    /** It did not run: its output is this execution's. */
    cachedFrom: z.string().optional(),
    /** The checkpoint of another execution that it goes on from. */
    checkpointId: z.string().optional(),
  }),
  /** An attempt began. Only with `traceExecution`. */
  event('NodeStarted', { ...visit, chunk: z.int().optional(), attempt: z.int() }),
  /** An attempt failed and will be repeated. */
  event('NodeRetryScheduled', {
    ...visit,
    chunk: z.int().optional(),
    /** The one that failed. */
    attempt: z.int(),
    durationMs: z.number(),
    nextAttemptAtMs: z.number(),
    error: ErrorOutline,
  }),
  /** A visit succeeded; with an error if its fallback or a catch clause made up for that. */
  event('NodeSucceeded', { ...settled, error: ErrorOutline.optional() }),
  event('NodeFailed', { ...settled, error: ErrorOutline }),
  /** Its `runIf` was false. */
  event('NodeSkipped', visit),
  event('MapPlanned', { ...visit, items: z.int(), chunks: z.int() }),
  event('ChunkSettled', {
    ...visit,
    chunk: z.int(),
    failedItems: z.int(),
    attempts: z.int(),
    durationMs: z.number(),
  }),
  event('ExecutionPaused', base),
  event('ExecutionResumed', base),
  event('ExecutionRedriven', base),
  /** Nothing new starts from now on; what runs gets 10 s to settle. */
  event('ExecutionStopping', { ...base, reason: StopReason }),
  event('ExecutionEnded', {
    ...base,
    workflow: z.string(),
    status: ExecutionStatus.exclude(['RUNNING', 'PAUSED']),
    /** From the start, or the last redrive. */
    durationMs: z.number(),
    error: ErrorOutline.optional(),
    /** The node whose failure ended it. */
    failedNode: z.string().optional(),
  }),
]);
export type ExecutionEvent = z.infer<typeof ExecutionEvent>;
export type EventOf<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { type: Type }>;

/** A page of an execution's history, in order. */
export const EventsPage = z.object({
  events: z.array(ExecutionEvent),
  /** Pass as `after` for the next page; absent when there is no more for now. */
  next: z.string().optional(),
  /** The execution has ended, and so long ago that nothing more will be told of it. */
  isOver: z.boolean(),
});
export type EventsPage = z.infer<typeof EventsPage>;
