import type { Json } from '../model/json.ts';
import type { ErrorInfo, ExecutionStatus, NodeResultView } from '../model/result.ts';
import { computeMetrics, type ExecutionMetrics } from '../observability/execution-metrics.ts';
import type { ExecutionDescription } from './description.ts';
import type { Executions } from './executions.ts';

/** How an execution ended, or, if it is paused, how it stands. Times in milliseconds since the epoch. */
export interface ExecutionResult<Output = unknown> {
  readonly executionId: string;
  readonly workflow: string;
  /** It succeeded, or is paused: nothing went wrong. */
  readonly success: boolean;
  readonly status: ExecutionStatus;
  /** Of a success. */
  readonly output: Output | undefined;
  readonly error: ErrorInfo | undefined;
  /** The node whose failure ended it. */
  readonly failedNode: string | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  /** From start to end, or until now. */
  readonly executionTimeMs: number;
  /** Node ids by completion; in loops a node stands once for each visit. */
  readonly nodeExecutionOrder: readonly string[];
  /** Where the time went: by node, and along the critical path. */
  readonly metrics: ExecutionMetrics;
  readonly paused: boolean;
  /** The last checkpoint; at a pause, where it stands. */
  readonly checkpointId: string | undefined;
  readonly cancelled: boolean;
  /** The execution whose output this is; absent if it ran itself. */
  readonly cachedFrom: string | undefined;
  /** Of anything but a success: the outputs of the nodes that had succeeded, by node id. */
  readonly partialResults: Readonly<Record<string, Json>> | undefined;
}

/** Reads the result of an execution that is at rest. */
export async function loadResult(executions: Executions, executionId: string): Promise<ExecutionResult> {
  const [{ description, output, partialResults }, ended, definition] = await Promise.all([
    executions.outcome(executionId),
    allResults(executions, executionId),
    executions.definition(executionId),
  ]);
  const standing = standingOf(ended, description);
  const { workflow, status, error, failedNode, startedAtMs, endedAtMs } = description;
  return {
    executionId,
    workflow,
    success: status === 'SUCCEEDED' || status === 'PAUSED',
    status,
    output,
    error,
    failedNode,
    startedAtMs,
    endedAtMs,
    executionTimeMs: (endedAtMs ?? Date.now()) - startedAtMs,
    nodeExecutionOrder: standing.map(({ nodeId }) => nodeId),
    metrics: computeMetrics(definition, standing),
    paused: status === 'PAUSED',
    checkpointId: description.checkpointId,
    cancelled: status === 'CANCELLED',
    cachedFrom: description.cachedFrom,
    partialResults,
  };
}

/** Every ended visit, page by page, without outputs. */
export async function allResults(
  executions: Pick<Executions, 'results'>,
  executionId: string,
): Promise<NodeResultView[]> {
  const all: NodeResultView[] = [];
  let after: string | undefined;
  do {
    const page = await executions.results(executionId, after === undefined ? {} : { after });
    for (const result of page.results) all.push(result);
    after = page.next;
  } while (after !== undefined);
  return all;
}

/**
 * Visits that ran, in the order in which they ended. A result that came after the end changed nothing, and one that a
 * redrive ran anew no longer counts.
 */
function standingOf(results: readonly NodeResultView[], { endedAtMs }: ExecutionDescription): NodeResultView[] {
  const standing = new Map<string, NodeResultView>();
  for (const result of results) {
    const key = `${result.nodeId} ${result.visit}`;
    if (result.status !== 'SKIPPED' && result.run >= (standing.get(key)?.run ?? 0)) standing.set(key, result);
  }
  return [...standing.values()]
    .filter((result) => endedAtMs === undefined || result.endedAtMs <= endedAtMs)
    .sort((a, b) => a.endedAtMs - b.endedAtMs);
}
