import * as z from 'zod';
import { assertNever } from '../errors.ts';
import { EXECUTION_STATUS_CHANGE, LIFECYCLE_SOURCE, NODE_STATUS_CHANGE } from '../model/lifecycle-names.ts';
import { ExecutionStatus, ResultSource } from '../model/result.ts';
import type { OutgoingEvent } from '../ports/event-sink.ts';
import { ErrorOutline, type ExecutionEvent } from './execution-event.ts';
import type { BareEvent } from './to-events.ts';

const common = {
  /** Names what happened, among all executions: the same however often it is told. */
  id: z.string(),
  /** Its place in the execution's history: `history({ after: position })` goes on behind it. */
  position: z.string(),
  executionId: z.string(),
  workflow: z.string(),
  /** 1, and one more for each redrive. */
  run: z.int(),
  /** When it happened, in milliseconds since the epoch, as all times here. */
  atMs: z.number(),
};

/** The `detail` of a {@link EXECUTION_STATUS_CHANGE}: an execution started, paused, went on, or ended. */
export const ExecutionStatusChange = z.object({
  ...common,
  /** What the history calls it: it tells a start from a resume. */
  type: z.enum(['ExecutionStarted', 'ExecutionPaused', 'ExecutionResumed', 'ExecutionRedriven', 'ExecutionEnded']),
  status: ExecutionStatus,
  startedAtMs: z.number(),
  endedAtMs: z.number().optional(),
  /** Of one that ended: from the start, or the last redrive. */
  durationMs: z.number().optional(),
  error: ErrorOutline.optional(),
  /** The node whose failure ended it. */
  failedNode: z.string().optional(),
  /** It did not run: its output is this execution's. */
  cachedFrom: z.string().optional(),
  /** The checkpoint of another execution that it goes on from. */
  checkpointId: z.string().optional(),
});
export type ExecutionStatusChange = z.infer<typeof ExecutionStatusChange>;

/** The `detail` of a {@link NODE_STATUS_CHANGE}. */
export const NodeStatusChange = z.object({
  ...common,
  /** What the history calls it. */
  type: z.enum(['NodeStarted', 'NodeRetryScheduled', 'NodeSucceeded', 'NodeFailed', 'NodeSkipped']),
  nodeId: z.string(),
  /** How often the node was entered, this time included; over 1 only in loops. */
  visit: z.int(),
  /** `RETRYING`: an attempt failed and will be repeated. `SKIPPED`: its `runIf` was false. */
  status: z.enum(['RUNNING', 'RETRYING', 'SUCCEEDED', 'FAILED', 'SKIPPED']),
  /** Attempts so far, this one included. */
  attempts: z.int().optional(),
  /** What made its result: the handler, its fallback, a catch clause, the cache, or the engine. */
  source: ResultSource.optional(),
  /** When the last attempt began, and when it ended. */
  startedAtMs: z.number().optional(),
  endedAtMs: z.number().optional(),
  /** What its attempts took, the waits between them left out. */
  durationMs: z.number().optional(),
  nextAttemptAtMs: z.number().optional(),
  /** Also of a success, if its fallback or a catch clause made up for it. */
  error: ErrorOutline.optional(),
});
export type NodeStatusChange = z.infer<typeof NodeStatusChange>;

const envelope = { source: z.literal(LIFECYCLE_SOURCE), time: z.string() };

/** An event as EventBridge hands it to a rule's target: what of it a consumer looks at. Fields to come are let pass. */
export const LifecycleEvent = z.discriminatedUnion('detail-type', [
  z.object({ ...envelope, 'detail-type': z.literal(EXECUTION_STATUS_CHANGE), detail: ExecutionStatusChange }),
  z.object({ ...envelope, 'detail-type': z.literal(NODE_STATUS_CHANGE), detail: NodeStatusChange }),
]);
export type LifecycleEvent = z.infer<typeof LifecycleEvent>;

/** What an event of the history does not say of its execution. */
export interface ExecutionFacts {
  readonly workflow: string;
  readonly startedAtMs: number;
}

/** What has to be asked for to be told of an event: executions and nodes that failed, or all nodes. `undefined`: it never is. */
export type LifecycleScope = 'executions' | 'nodes';

export function lifecycleScope(event: BareEvent): LifecycleScope | undefined {
  switch (event.type) {
    case 'ExecutionStarted':
    case 'ExecutionPaused':
    case 'ExecutionResumed':
    case 'ExecutionRedriven':
    case 'ExecutionEnded':
    case 'NodeFailed':
      return 'executions';
    case 'NodeSucceeded':
    case 'NodeSkipped':
      return 'nodes';
    // Of a map's chunk: the map itself goes on as it was.
    case 'NodeStarted':
    case 'NodeRetryScheduled':
      return event.chunk === undefined ? 'nodes' : undefined;
    // What is stopping has its status still; so has a map whose items are being worked on.
    case 'ExecutionStopping':
    case 'MapPlanned':
    case 'ChunkSettled':
      return undefined;
    default:
      return assertNever(event);
  }
}

/** An event of the history as it goes on a bus; `undefined` for one that makes none. Pure: repeated, it comes out the same. */
export function toLifecycleEvent(event: ExecutionEvent, facts: ExecutionFacts): OutgoingEvent | undefined {
  const execution = executionDetail(event, facts);
  if (execution !== undefined) return outgoing(EXECUTION_STATUS_CHANGE, execution);
  const node = nodeDetail(event, facts);
  return node && outgoing(NODE_STATUS_CHANGE, node);
}

const outgoing = (detailType: string, detail: ExecutionStatusChange | NodeStatusChange): OutgoingEvent => ({
  source: LIFECYCLE_SOURCE,
  detailType,
  atMs: detail.atMs,
  detail,
});

function executionDetail(event: ExecutionEvent, facts: ExecutionFacts): ExecutionStatusChange | undefined {
  const said = { ...commonOf(event, facts), startedAtMs: facts.startedAtMs };
  switch (event.type) {
    case 'ExecutionStarted': {
      const { type, cachedFrom, checkpointId } = event;
      return { ...said, type, status: 'RUNNING', cachedFrom, checkpointId };
    }
    case 'ExecutionPaused':
      return { ...said, type: event.type, status: 'PAUSED' };
    case 'ExecutionResumed':
    case 'ExecutionRedriven':
      return { ...said, type: event.type, status: 'RUNNING' };
    case 'ExecutionEnded': {
      const { type, status, atMs, durationMs, error, failedNode } = event;
      return { ...said, type, status, endedAtMs: atMs, durationMs, error, failedNode };
    }
    default:
      return undefined;
  }
}

function nodeDetail(event: ExecutionEvent, facts: ExecutionFacts): NodeStatusChange | undefined {
  if (!('nodeId' in event)) return undefined;
  const { nodeId, visit, atMs } = event;
  const said = { ...commonOf(event, facts), nodeId, visit };
  switch (event.type) {
    case 'NodeStarted':
      return { ...said, type: event.type, status: 'RUNNING', attempts: event.attempt, startedAtMs: atMs };
    case 'NodeRetryScheduled': {
      const { type, attempt, durationMs, nextAttemptAtMs, error } = event;
      const times = { startedAtMs: atMs - durationMs, endedAtMs: atMs, durationMs, nextAttemptAtMs };
      return { ...said, type, status: 'RETRYING', attempts: attempt, ...times, error };
    }
    case 'NodeSucceeded':
    case 'NodeFailed': {
      const { type, attempts, source, startedAtMs, durationMs, error } = event;
      const status = type === 'NodeSucceeded' ? 'SUCCEEDED' : 'FAILED';
      return { ...said, type, status, attempts, source, startedAtMs, endedAtMs: atMs, durationMs, error };
    }
    case 'NodeSkipped':
      return { ...said, type: event.type, status: 'SKIPPED', endedAtMs: atMs };
    default:
      return undefined;
  }
}

const commonOf = (
  { id, position, executionId, run, atMs }: ExecutionEvent,
  { workflow }: ExecutionFacts,
): Omit<ExecutionStatusChange, 'type' | 'status' | 'startedAtMs'> => ({
  id: `${executionId}/${id}`,
  position,
  executionId,
  workflow,
  run,
  atMs,
});
