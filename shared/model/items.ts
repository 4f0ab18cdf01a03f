import * as z from 'zod';
import { ExecutionConfig } from './config.ts';
import { HandlersPin } from './handlers-pin.ts';
import { DefinitionHash, ExecutionId, NodeId, WorkflowName } from './ids.ts';
import { Json } from './json.ts';
import { AttemptRecord, ErrorInfo, ExecutionStatus, ItemFailure, NodeStatus, Payload, ResultSource } from './result.ts';
import { ANY_VERSION, SchemaVersion } from './schema-version.ts';
import { ExecutionState, StopReason } from './state.ts';
import { ExecutionTrace, SpanFacts } from './trace.ts';
import { AliasName, VersionNumber } from './version.ts';

/** What items say but for those that ask for more (`schema-version.ts`). */
export const ITEM_VERSION = ANY_VERSION;

const key = { pk: z.string(), sk: z.string(), v: SchemaVersion };

/** `EXEC#id` / `META`: what an execution is and how it stands. */
export const MetaItem = z.object({
  ...key,
  executionId: ExecutionId,
  workflow: WorkflowName,
  definitionHash: DefinitionHash,
  /** 1, and one more for each redrive. */
  run: z.int().min(1),
  status: ExecutionStatus,
  config: ExecutionConfig,
  input: Payload,
  globals: Payload.optional(),
  /** The globals refer to secrets. Absent: what looks like a reference in them is data. */
  globalsHoldSecrets: z.boolean().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  /** What it can be found by: an `ATTR` item each. */
  searchAttributes: z.record(z.string(), z.string()).optional(),
  /** SHA-256 of what was asked at the start: the same id with another request is a conflict. */
  requestDigest: z.string(),
  startedAtMs: z.number(),
  /** Sorts executions of a workflow by their start: the time, padded, and the id. The key of the listing index. */
  listedAs: z.string().optional(),
  /** From the start, or from the last redrive. */
  deadlineAtMs: z.number(),
  redrivenAtMs: z.number().optional(),
  /** When this run was last paused and resumed. */
  pausedAtMs: z.number().optional(),
  resumedAtMs: z.number().optional(),
  /** Set once: from then on nothing new starts and running handlers see their signal abort. */
  stop: z.object({ reason: StopReason, atMs: z.number() }).optional(),
  /** The time running nodes had to settle is over. */
  settleElapsed: z.boolean().optional(),
  /** Where its output goes when it succeeds, to be reused; and for how long. */
  cache: z.object({ key: z.string(), ttlSeconds: z.number() }).optional(),
  /** It did not run: its output is this execution's. */
  cachedFrom: ExecutionId.optional(),
  /** Nodes to pause before. */
  pauseBefore: z.set(z.string()).optional(),
  /** Present if spans of it are exported, or would be but for its caller's sampling. */
  trace: ExecutionTrace.optional(),
  /** How many of these points have paused it: each does so once. */
  pointsPassed: z.int().optional(),
  /** The checkpoint of another execution that this one was made from. */
  origin: z.object({ executionId: ExecutionId, checkpointId: z.string() }).optional(),
  /** Work whose messages came while paused, a few characters each (`work-list.ts`): they go out again at the resume. */
  parked: z.set(z.string()).optional(),
  endedAtMs: z.number().optional(),
  output: Payload.optional(),
  error: ErrorInfo.optional(),
  /** The node whose failure ended it. */
  failedNode: NodeId.optional(),
  /** Who finishes a node may start what follows, without asking the scheduler. Absent: every result goes through it. */
  isEager: z.boolean().optional(),
  /** Its first nodes were sent by whoever started it. */
  isHandedOff: z.boolean().optional(),
  /** Over how many partitions of their own its results are spread (`keys.ts`). Absent: they lie beside META. */
  resultShards: z.int().min(2).optional(),
  /** The version of the handlers that run its nodes, whatever is deployed meanwhile. Absent: the latest. */
  pin: HandlersPin.optional(),
  /** How it ended, unless it succeeded: what the index of executions tells of an end. */
  endedAs: z.enum(['FAILED', 'TIMED_OUT', 'CANCELLED']).optional(),
  /** While the execution is open, once it has lasted for a while: the sweep looks at it from this time on. */
  dueShard: z.string().optional(),
  dueAtMs: z.number().optional(),
});
export type MetaItem = z.infer<typeof MetaItem>;

/**
 * What the index of executions holds of META: an execution is written into it once, and again if it ends without success. It
 * does not tell which version wrote it, so `endedAs` may be what only a newer one knows.
 */
export const ListedMeta = MetaItem.pick({ executionId: true, workflow: true }).extend({
  listedAs: z.string(),
  endedAs: z.string().optional(),
});
export type ListedMeta = z.infer<typeof ListedMeta>;

/** What a list shows of META, and looks at: the same in every version. */
export const SummarizedMeta = MetaItem.pick({
  executionId: true,
  workflow: true,
  status: true,
  run: true,
  startedAtMs: true,
  endedAtMs: true,
  searchAttributes: true,
});
export type SummarizedMeta = z.infer<typeof SummarizedMeta>;

/**
 * `EXEC#id` / `ATTR#workflow#name=value`: lists an execution by a search attribute, in the index of executions, under a workflow that
 * none can be called. Written before META; it counts if META says the same.
 */
export const AttributeItem = z.object({
  ...key,
  executionId: ExecutionId,
  workflow: z.string(),
  listedAs: z.string(),
});
export type AttributeItem = z.infer<typeof AttributeItem>;

/** What the index of executions holds of an `ATTR` item. */
export const ListedAttribute = AttributeItem.pick({ executionId: true, workflow: true, listedAs: true });
export type ListedAttribute = z.infer<typeof ListedAttribute>;

/** `SWEEP` / `STARTS`: of what started before, all that lasts is in the index of what is due. */
export const StartWatchItem = z.object({ ...key, watchedToMs: z.number() });
export type StartWatchItem = z.infer<typeof StartWatchItem>;

/** `EXEC#id` / `STATE`: the scheduler's cache of the results. */
export const StateItem = z.object({
  ...key,
  /** One more with every save. */
  revision: z.int().min(1),
  state: ExecutionState,
  /**
   * By decider: the first and the last record of the batch it decided on last (no last: there was one), what that decision
   * sent (`work-list.ts`), and the revision it was saved as (`recorded-sends.ts`).
   */
  batches: z.record(
    z.string(),
    z.object({
      sequence: z.string(),
      last: z.string().optional(),
      sends: z.string(),
      revision: z.int().optional(),
    }),
  ),
  /** The last record of META that was decided on. */
  metaSequence: z.string().optional(),
  savedAtMs: z.number(),
});
export type StateItem = z.infer<typeof StateItem>;

const visit = {
  ...key,
  executionId: ExecutionId,
  node: NodeId,
  visit: z.int().min(1),
  run: z.int().min(1),
  /** Present where the scheduler must hear of the item: the stream's filter asks for it. */
  advance: z.literal(1).optional(),
};

const times = { queuedAtMs: z.number(), startedAtMs: z.number(), endedAtMs: z.number() };

/** `EXEC#id` / `RESULT#node#visit#run`: how a visit ended. Written once. */
export const ResultItem = z.object({
  ...visit,
  ...times,
  status: NodeStatus,
  source: ResultSource,
  output: Payload.optional(),
  /** Why it failed; kept also where a fallback or catch clause absorbed it. */
  error: ErrorInfo.optional(),
  /** Why its fallback failed too. */
  fallbackError: ErrorInfo.optional(),
  /** `conditional`: the node to go on with, null at the end. */
  next: NodeId.nullable().optional(),
  /** A map's failed items: a JSON array of `ItemFailure`. */
  failures: Payload.optional(),
  attempts: z.array(AttemptRecord),
  /** Successors, by node index as ranges (`0-2,7`), that its writer starts; who finds this result standing starts them again. */
  handedOff: z.string().optional(),
  /** The one of them that its writer runs itself, on the same message. */
  inlined: z.int().optional(),
  /** Its writer ends the execution: there is nothing left to run. */
  ends: z.literal(true).optional(),
  /** It did not run here: it was taken over with a checkpoint of that execution. */
  copiedFrom: ExecutionId.optional(),
  trace: SpanFacts.optional(),
});
export type ResultItem = z.infer<typeof ResultItem>;

/** `EXEC#id` / `MAP#node#visit#run`: a map's items were counted and cut. Written once. */
export const MapItem = z.object({
  ...visit,
  items: z.int(),
  chunks: z.int(),
  chunkSize: z.int(),
  /** Key of the blob that holds the items (`map-manifest.ts`). */
  manifest: z.string(),
  startedAtMs: z.number(),
  trace: SpanFacts.optional(),
});
export type MapItem = z.infer<typeof MapItem>;

/** What became of a chunk's items, in their order; failed ones have null as output. */
export const ChunkOutcome = z.object({
  outputs: z.array(Json),
  failures: z.array(ItemFailure),
});
export type ChunkOutcome = z.infer<typeof ChunkOutcome>;

/** `EXEC#id` / `CHUNK#node#visit#run#chunk`: how a chunk ended. Written once. */
export const ChunkItem = z.object({
  ...visit,
  ...times,
  chunk: z.int().min(0),
  /** JSON of a {@link ChunkOutcome}. */
  outcome: Payload,
  failedItems: z.int().min(0),
  attempts: z.array(AttemptRecord),
  trace: SpanFacts.optional(),
});
export type ChunkItem = z.infer<typeof ChunkItem>;

/** `EXEC#id` / `ATTEMPT#node#visit#run#chunk#attempt`: a failed attempt that is to be repeated. */
export const AttemptItem = z.object({
  ...visit,
  chunk: z.int().min(0).optional(),
  attempt: z.int().min(1),
  error: ErrorInfo,
  startedAtMs: z.number(),
  endedAtMs: z.number(),
  nextAttemptAtMs: z.number(),
  /** The whole next message, so that it can be sent again if it is lost. */
  message: z.string(),
  trace: SpanFacts.optional(),
});
export type AttemptItem = z.infer<typeof AttemptItem>;

/** `EXEC#id` / `STARTED#node#visit#run#chunk#attempt`: an attempt began. Only with `traceExecution`. */
export const StartedItem = z.object({
  ...visit,
  chunk: z.int().min(0).optional(),
  attempt: z.int().min(1),
  startedAtMs: z.number(),
});
export type StartedItem = z.infer<typeof StartedItem>;

/** `EXEC#id` / `EVENT#position`: what a batch of changes told of an execution, under the place of its last event. */
export const EventsItem = z.object({
  ...key,
  /** A JSON array of events, without what the key says of all of them; as text, or packed (raw deflate). */
  events: z.union([z.string(), z.instanceof(Uint8Array)]),
});
export type EventsItem = z.infer<typeof EventsItem>;

/** `EXEC#id` / `OBSERVED`: local only. In the due index while events or metrics of the execution may still be unwritten. */
export const ObservedItem = z.object({
  ...key,
  executionId: ExecutionId,
  /** The run that has ended and is counted in the metrics. */
  countedRun: z.int().optional(),
  dueShard: z.string().optional(),
  dueAtMs: z.number().optional(),
});
export type ObservedItem = z.infer<typeof ObservedItem>;

/** `WORKFLOWS` / name: there are versions or executions of this workflow. */
export const WorkflowItem = z.object({ ...key, createdAtMs: z.number() });
export type WorkflowItem = z.infer<typeof WorkflowItem>;

/** `WORKFLOW#name` / `PUBLISHED#number`: a version. Written once. */
export const PublishedItem = z.object({
  ...key,
  workflow: WorkflowName,
  number: VersionNumber,
  hash: DefinitionHash,
  publishedAtMs: z.number(),
});
export type PublishedItem = z.infer<typeof PublishedItem>;

/** `WORKFLOW#name` / `ALIAS#alias`: which version the alias stands for. */
export const AliasItem = z.object({
  ...key,
  workflow: WorkflowName,
  alias: AliasName,
  hash: DefinitionHash,
  /** Absent if it was set by hash. */
  number: VersionNumber.optional(),
  updatedAtMs: z.number(),
});
export type AliasItem = z.infer<typeof AliasItem>;

/** `METRICS#workflow` / `WINDOW#start#shard`: what ended in one minute, as one observer counted it. Overwritten whole. */
export const MetricsItem = z.object({
  ...key,
  windowStartMs: z.number(),
  /** JSON of a `Tally` (`observability/tally.ts`). */
  tally: z.string(),
});
export type MetricsItem = z.infer<typeof MetricsItem>;

/** `EXEC#id` / `CHECKPOINT#revision`: a consistent cut. Results are written once, so the state names all it needs. */
export const CheckpointItem = z.object({
  ...key,
  executionId: ExecutionId,
  run: z.int().min(1),
  revision: z.int().min(1),
  reason: z.enum(['pause', 'interval']),
  state: ExecutionState,
  /** How many nodes had ended. */
  finishedNodes: z.int(),
  createdAtMs: z.number(),
});
export type CheckpointItem = z.infer<typeof CheckpointItem>;

/** A checkpoint without the state it holds. */
export const CheckpointOutline = CheckpointItem.pick({
  executionId: true,
  revision: true,
  reason: true,
  finishedNodes: true,
  createdAtMs: true,
});
export type CheckpointOutline = z.infer<typeof CheckpointOutline>;

/** `CACHE#hash` / `RESULT`: a success to be reused, or the claim of the execution that is computing it. */
export const CacheItem = z.object({
  ...key,
  /** The execution that computed it, or is about to. */
  executionId: ExecutionId,
  /** Absent while it is being computed. */
  output: Payload.optional(),
  expiresAtMs: z.number(),
  /** The same in whole seconds: the table's time to live. */
  expiresAtS: z.int(),
});
export type CacheItem = z.infer<typeof CacheItem>;

/** `WORKFLOW#name` / `VERSION#hash`: a definition. Immutable. */
export const DefinitionItem = z.object({
  ...key,
  workflow: WorkflowName,
  hash: DefinitionHash,
  definition: Payload,
  createdAtMs: z.number(),
});
export type DefinitionItem = z.infer<typeof DefinitionItem>;
