import * as z from 'zod';
import { ExecutionConfig } from '../model/config.ts';
import { Json } from '../model/json.ts';
import { ErrorInfo, ExecutionStatus, NodeResultView } from '../model/result.ts';
import { ValueLink } from '../model/value-link.ts';

/** Read-only values every node can read. */
export const Globals = z.record(z.string(), Json);

/** How far a map is. */
export const MapProgressView = z.object({
  items: z.int(),
  chunks: z.int(),
  settledChunks: z.int(),
  failedItems: z.int(),
});

/** How far an execution is: nodes by what became of them. A loop counts each node by its last visit. */
export const Progress = z.object({
  nodes: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  skipped: z.int(),
  /** Ids of nodes dispatched and unsettled, at most 100. */
  running: z.array(z.string()),
  /** Units of work dispatched and unsettled: a map's chunks count one each. */
  inFlight: z.int(),
  /** Running maps, by node id. */
  maps: z.record(z.string(), MapProgressView),
});
export type Progress = z.infer<typeof Progress>;

/** An execution as it stands. */
export const ExecutionDescription = z.object({
  executionId: z.string(),
  workflow: z.string(),
  definitionHash: z.string(),
  status: ExecutionStatus,
  /** Something asked it to stop and its running nodes are settling. */
  isStopping: z.boolean(),
  /** It has ended, or is paused and nothing of it runs any more. */
  isAtRest: z.boolean(),
  run: z.int(),
  startedAtMs: z.number(),
  deadlineAtMs: z.number(),
  endedAtMs: z.number().optional(),
  config: ExecutionConfig,
  tags: z.record(z.string(), z.string()).optional(),
  /** What it can be listed by. */
  searchAttributes: z.record(z.string(), z.string()).optional(),
  progress: Progress,
  error: ErrorInfo.optional(),
  failedNode: z.string().optional(),
  /** The checkpoint of another execution that it went on from. */
  origin: z.object({ executionId: z.string(), checkpointId: z.string() }).optional(),
  /** It did not run: its output is this execution's. */
  cachedFrom: z.string().optional(),
  /** The last checkpoint. */
  checkpointId: z.string().optional(),
  /** Of OpenTelemetry; absent if it is not traced. */
  /** Of one that is pinned: the version of the handlers that run its nodes. */
  handlersVersion: z.string().optional(),
  traceId: z.string().optional(),
});
export type ExecutionDescription = z.infer<typeof ExecutionDescription>;

/** An ended (or paused) execution with its data. */
export const ExecutionOutcome = z.object({
  description: ExecutionDescription,
  /** Of a success. */
  output: Json.optional(),
  /** Absent if there are none. */
  globals: Globals.optional(),
  /** Outputs of the nodes that had succeeded when it ended, of anything but a success. */
  partialResults: z.record(z.string(), Json).optional(),
  /** The output or the globals are too large for this answer. */
  outputAt: ValueLink.optional(),
  globalsAt: ValueLink.optional(),
  /** By node id, outputs that are too large for this answer. */
  partialResultsAt: z.record(z.string(), ValueLink).optional(),
  /** There are more partial results than an answer holds: the results, page by page, have them all. */
  hasMorePartialResults: z.literal(true).optional(),
});
export type ExecutionOutcome = z.infer<typeof ExecutionOutcome>;

/** A page of ended visits, by node id, without their outputs unless asked for. */
export const ResultsPage = z.object({
  results: z.array(NodeResultView),
  /** Pass as `after` for the next page. */
  next: z.string().optional(),
});
export type ResultsPage = z.infer<typeof ResultsPage>;
