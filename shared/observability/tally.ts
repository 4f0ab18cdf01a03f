import * as z from 'zod';
import {
  addDuration,
  DurationSketch,
  DurationSummary,
  emptySketch,
  mergeSketch,
  summarize,
} from './duration-sketch.ts';

/** What is counted of a workflow's ended executions. Tallies of different observers and minutes add up. */
export const Tally = z.object({
  succeeded: z.int(),
  /** Anything not successful. */
  failed: z.int(),
  durationMs: z.number(),
  /** What the executions took. Absent from what earlier versions counted. */
  executions: DurationSketch.optional(),
  /** By node id: what its visits took. */
  nodes: z.record(z.string(), DurationSketch),
});
export type Tally = z.infer<typeof Tally>;

/** Metrics of one workflow. A redrive ends an execution once more, and counts once more. */
export const WorkflowMetrics = z.object({
  workflow: z.string(),
  totalExecutions: z.int(),
  successfulExecutions: z.int(),
  /** Anything not successful. */
  failedExecutions: z.int(),
  /** From start, or redrive, to end. 0 if there is none. */
  averageDurationMs: z.number(),
  /** The same durations in more detail: of those that were counted since this is. Absent if there are none. */
  executionTimes: DurationSummary.optional(),
  /** By node id: what its visits took, waits between attempts left out. Skipped visits do not count. */
  nodeExecutionTimes: z.record(z.string(), DurationSummary),
});
export type WorkflowMetrics = z.infer<typeof WorkflowMetrics>;

/** An ended execution, as it counts. */
export interface Sample {
  readonly workflow: string;
  readonly endedAtMs: number;
  readonly isSuccess: boolean;
  readonly durationMs: number;
  readonly visits: readonly Visit[];
}
export type Visit = readonly [nodeId: string, durationMs: number];

export const emptyTally = (): Tally => ({ succeeded: 0, failed: 0, durationMs: 0, nodes: {} });

/** Counts an execution. Changes `tally`. */
export function addSample(
  tally: Tally,
  { isSuccess, durationMs, visits }: Omit<Sample, 'workflow' | 'endedAtMs'>,
): void {
  if (isSuccess) tally.succeeded++;
  else tally.failed++;
  tally.durationMs += durationMs;
  tally.executions ??= emptySketch();
  addDuration(tally.executions, durationMs);
  for (const [nodeId, visitMs] of visits) addDuration(sketchOf(tally, nodeId), visitMs);
}

/** Adds another tally. Changes `tally`. */
export function mergeTally(tally: Tally, other: Tally): void {
  tally.succeeded += other.succeeded;
  tally.failed += other.failed;
  tally.durationMs += other.durationMs;
  if (other.executions !== undefined) {
    tally.executions ??= emptySketch();
    mergeSketch(tally.executions, other.executions);
  }
  for (const [nodeId, sketch] of Object.entries(other.nodes)) mergeSketch(sketchOf(tally, nodeId), sketch);
}

/** What readers see of a tally. */
export function toMetrics(
  workflow: string,
  { succeeded, failed, durationMs, executions, nodes }: Tally,
): WorkflowMetrics {
  const total = succeeded + failed;
  return {
    workflow,
    totalExecutions: total,
    successfulExecutions: succeeded,
    failedExecutions: failed,
    averageDurationMs: total === 0 ? 0 : durationMs / total,
    ...(executions !== undefined && { executionTimes: summarize(executions) }),
    nodeExecutionTimes: Object.fromEntries(
      Object.entries(nodes).map(([nodeId, sketch]) => [nodeId, summarize(sketch)]),
    ),
  };
}

/** Cuts a tally into some that add up to it, each of at most `maxNodes` nodes: an item holds 400 KB. */
export function splitTally(tally: Tally, maxNodes: number): Tally[] {
  const nodes = Object.entries(tally.nodes);
  const parts: Tally[] = [{ ...tally, nodes: Object.fromEntries(nodes.slice(0, maxNodes)) }];
  for (let first = maxNodes; first < nodes.length; first += maxNodes) {
    parts.push({ ...emptyTally(), nodes: Object.fromEntries(nodes.slice(first, first + maxNodes)) });
  }
  return parts;
}

function sketchOf(tally: Tally, nodeId: string): DurationSketch {
  // Own properties only: a node may be called `constructor`.
  const known = Object.hasOwn(tally.nodes, nodeId) ? tally.nodes[nodeId] : undefined;
  if (known !== undefined) return known;
  const sketch = emptySketch();
  tally.nodes[nodeId] = sketch;
  return sketch;
}
