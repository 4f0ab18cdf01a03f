import type { BilledOperations } from '../billing/billed-operations.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo, ExecutionStatus, NodeResultView } from '../model/result.ts';
import { computeMetrics, type ExecutionMetrics, type TimeMetrics } from '../observability/execution-metrics.ts';
import type { ExecutionReport } from './execution-report.ts';
import type { Executions } from './executions.ts';
import { loadNodeOutput } from './node-output.ts';
import { once } from './once.ts';
import { standingResults } from './standing-results.ts';
import { WorkflowContext } from './workflow-context.ts';

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
  /** Where the time went, by node and along the critical path; and what was billed for. Both are computed when they are looked at. */
  readonly metrics: ExecutionMetrics;
  readonly paused: boolean;
  /** The last checkpoint; at a pause, where it stands. */
  readonly checkpointId: string | undefined;
  readonly cancelled: boolean;
  /** The execution whose output this is; absent if it ran itself. */
  readonly cachedFrom: string | undefined;
  /** Of anything but a success: the outputs of the nodes that had succeeded, by node id. */
  readonly partialResults: Readonly<Record<string, Json>> | undefined;
  /** Its globals, and how each node ended that finished. */
  readonly context: WorkflowContext;
  /** Its trace in OpenTelemetry; absent if it is not traced. */
  readonly traceId: string | undefined;
}

/** Reads the result of an execution that is at rest; of one that is open, as of `nowMs`. */
export async function loadResult(executions: Executions, executionId: string, nowMs: number): Promise<ExecutionResult> {
  const report = (await executions.report?.(executionId)) ?? (await askForReport(executions, executionId));
  const { description, output, partialResults, globals, definition } = report;
  const standing = standingResults(report.results);
  const { workflow, status, error, failedNode, startedAtMs, endedAtMs } = description;
  // Most who run a workflow never look at them.
  const metrics = once(() => metricsOf(computeMetrics(definition, standing), report.billedOperations));
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
    executionTimeMs: (endedAtMs ?? nowMs) - startedAtMs,
    nodeExecutionOrder: standing.map(({ nodeId }) => nodeId),
    get metrics() {
      return metrics();
    },
    paused: status === 'PAUSED',
    checkpointId: description.checkpointId,
    cancelled: status === 'CANCELLED',
    cachedFrom: description.cachedFrom,
    partialResults,
    context: contextOf(executions, executionId, globals, standing),
    traceId: description.traceId,
  };
}

/** Of executions that are not in this process. */
async function askForReport(executions: Executions, executionId: string): Promise<ExecutionReport> {
  const [outcome, results, definition, billed] = await Promise.all([
    executions.outcome(executionId),
    allResults(executions, executionId, 'inline'),
    executions.definition(executionId),
    executions.billedOperations(executionId),
  ]);
  return { ...outcome, results, definition, billedOperations: () => billed };
}

const metricsOf = (times: TimeMetrics, billedOperations: () => BilledOperations): ExecutionMetrics => ({
  ...times,
  get billedOperations() {
    return billedOperations();
  },
});

function contextOf(
  executions: Executions,
  executionId: string,
  globals: Readonly<Record<string, Json>> | undefined,
  standing: readonly NodeResultView[],
): WorkflowContext {
  // In the order in which they ended: of several visits the last counts.
  const nodeResults = new Map(standing.map((result) => [result.nodeId, result]));
  return new WorkflowContext(executionId, globals === undefined ? {} : { globals }, {
    nodeResults: Object.fromEntries(nodeResults),
    loadOutput: async (nodeId) => {
      const result = nodeResults.get(nodeId);
      return result && loadNodeOutput(executions, executionId, result);
    },
  });
}

/** Results of a page that holds outputs: so many of 8 KB each are well below what one answer takes. */
const WITH_OUTPUTS = 300;

/** Every ended visit, page by page, without outputs, or with those that lie with the results. */
export async function allResults(
  executions: Pick<Executions, 'results'>,
  executionId: string,
  withOutputs: false | 'inline' = false,
): Promise<NodeResultView[]> {
  const options = withOutputs === 'inline' ? { withOutputs, limit: WITH_OUTPUTS } : {};
  const all: NodeResultView[] = [];
  let after: string | undefined;
  do {
    const page = await executions.results(executionId, { ...options, ...(after !== undefined && { after }) });
    for (const result of page.results) all.push(result);
    after = page.next;
  } while (after !== undefined);
  return all;
}
