import * as z from 'zod';
import { NewerSchemaError } from '../errors.ts';
import { TaskPin } from './handlers-pin.ts';
import { ExecutionId, NodeId } from './ids.ts';
import { AttemptRecord, Payload } from './result.ts';
import { newerVersionOf, SCHEMA_VERSION, SchemaVersion } from './schema-version.ts';

const envelope = {
  v: SchemaVersion,
  executionId: ExecutionId,
  /** Which run of the execution sent it: 1, and one more for each redrive. */
  run: z.int().min(1),
  /** When the scheduler dispatched the work: for a retry, the first attempt's time. */
  queuedAtMs: z.number(),
};

const visit = {
  ...envelope,
  node: NodeId,
  /** How often the node was entered, this time included; over 1 only in loops. */
  visit: z.int().min(1),
  attempt: z.int().min(1),
  /** Whose code is to run it, if META pins it. */
  pin: TaskPin.optional(),
  /** Not to be run before; a queue holds a message for 15 minutes at the most, so it may come earlier and go round again. */
  notBeforeMs: z.number().optional(),
  /** The failed attempts before this one. */
  earlier: z.array(AttemptRecord).optional(),
};

/** Run a node: a task, transform or choice. */
export const NodeTask = z.object({
  ...visit,
  kind: z.literal('node'),
  /** It was sent by who finished before it: the scheduler may not know of it. */
  isHandedOff: z.literal(true).optional(),
  /** `conditional`: how often each node was entered, by node index; without it what follows is the scheduler's. */
  visits: z.record(z.string(), z.int()).optional(),
});
/** Evaluate a map's items and cut them into chunks. */
export const PlanTask = z.object({ ...visit, kind: z.literal('plan') });
/** Run the items of one chunk of a map. */
export const ChunkTask = z.object({
  ...visit,
  kind: z.literal('chunk'),
  /** From 0. */
  chunk: z.int().min(0),
  /** What earlier attempts achieved, when only the failed items are to be run again. */
  carried: Payload.optional(),
});
/** Put a map's outputs together. */
export const CollectTask = z.object({ ...visit, kind: z.literal('collect') });
/** End an execution that is stopping: its running nodes had their time. */
export const SettleTask = z.object({ ...envelope, kind: z.literal('settle') });

/** Work on a visit of a node. */
export const VisitTask = z.discriminatedUnion('kind', [NodeTask, PlanTask, ChunkTask, CollectTask]);
/** A message on a pool's queue. */
export const TaskMessage = z.discriminatedUnion('kind', [NodeTask, PlanTask, ChunkTask, CollectTask, SettleTask]);
export type TaskMessage = z.infer<typeof TaskMessage>;
export type NodeTask = z.infer<typeof NodeTask>;
export type PlanTask = z.infer<typeof PlanTask>;
export type ChunkTask = z.infer<typeof ChunkTask>;
export type CollectTask = z.infer<typeof CollectTask>;
export type VisitTask = z.infer<typeof VisitTask>;

/**
 * Reads a message's body.
 * @throws {NewerSchemaError} a newer version of fanjoin sent it: it must not be acknowledged
 * @throws {SyntaxError | z.ZodError} it is no message
 */
export function parseTask(body: string): TaskMessage {
  const json: unknown = JSON.parse(body);
  const newer = newerVersionOf(json);
  if (newer !== undefined) throw new NewerSchemaError('A message', newer, SCHEMA_VERSION);
  return TaskMessage.parse(json);
}
