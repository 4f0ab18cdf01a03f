import * as z from 'zod';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'is not binary');

/**
 * How far a map is: chunks `[0, base)` are settled, `[base, next)` dispatched, of which `window` marks the settled
 * ones (bit `i` is chunk `base + i`). So it stays small however many chunks there are.
 */
export const MapProgress = z.object({
  visit: z.int(),
  items: z.int(),
  chunks: z.int(),
  base: z.int(),
  next: z.int(),
  window: bytes,
  inFlight: z.int(),
  failedItems: z.int(),
  phase: z.enum(['running', 'collect-ready', 'collecting']),
});
export type MapProgress = z.infer<typeof MapProgress>;

/** Why an execution stops before all is done. */
export const StopReason = z.enum(['FAILED', 'TIMED_OUT', 'CANCELLED']);
export type StopReason = z.infer<typeof StopReason>;

/** The visit that made an execution fail. */
export const FailedVisit = z.object({ node: z.int(), visit: z.int() });

/** How it ended, as far as the core can say; the shell adds output and error from the results. */
export const Ending = z.object({
  status: z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED']),
  failedVisit: FailedVisit.optional(),
  /** An error that is no node's: too many visits. */
  error: z.object({ name: z.string(), message: z.string(), code: z.string() }).optional(),
});
export type Ending = z.infer<typeof Ending>;

const common = {
  v: z.literal(1),
  run: z.int(),
  /** `maxParallelNodes`. */
  limit: z.int(),
  /** Units of work dispatched and unsettled. Never over `limit`. */
  inFlight: z.int(),
  paused: z.boolean(),
  /** Nodes to pause before, by index, and those a pause has stood before already. */
  pausePoints: z.array(z.int()).default([]),
  passedPoints: z.array(z.int()).default([]),
  /** The node it is pausing before, until META says so too. */
  pausingBefore: z.int().optional(),
  /** The revision that is a checkpoint, if the last saved one is. */
  checkpointRevision: z.int().optional(),
  stop: StopReason.optional(),
  failedVisit: FailedVisit.optional(),
  ending: Ending.optional(),
  /** By node index. */
  maps: z.record(z.string(), MapProgress),
};

/** Where a graph stands: a bit per node in each set. `dispatched` stays set when the node settles. */
export const GraphState = z.object({
  ...common,
  kind: z.literal('graph'),
  ready: bytes,
  dispatched: bytes,
  succeeded: bytes,
  failed: bytes,
  skipped: bytes,
  /** Nodes that failed after the execution had begun to stop: most were aborted, and a redrive runs them anew. */
  cutOff: z.array(z.int()).optional(),
});
export type GraphState = z.infer<typeof GraphState>;

/** Where a `conditional` workflow stands: one position, and how often each node was entered. */
export const RouteState = z.object({
  ...common,
  kind: z.literal('route'),
  position: z.object({ node: z.int(), visit: z.int(), isDispatched: z.boolean() }).optional(),
  /** By node index. */
  visits: z.record(z.string(), z.int()),
});
export type RouteState = z.infer<typeof RouteState>;

/**
 * What the scheduler knows of an execution. A cache of the results: `reconcile` rebuilds it from them.
 */
export const ExecutionState = z.discriminatedUnion('kind', [GraphState, RouteState]);
export type ExecutionState = z.infer<typeof ExecutionState>;
