import type { Executions } from '../../shared/executor/executions.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import { comparePositions } from '../../shared/observability/event-position.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import type { WorkflowMetrics } from '../../shared/observability/tally.ts';
import { runningMs } from '../../shared/observability/to-events.ts';

const TERMINAL = { SUCCEEDED: 'NodeSucceeded', FAILED: 'NodeFailed', SKIPPED: 'NodeSkipped' } as const;

/** A whole history, read in pages of a size that no test happens to fit. */
export async function allEvents(
  executions: Pick<Executions, 'history'>,
  executionId: string,
): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  let after: string | undefined;
  do {
    const page = await executions.history(executionId, { limit: 7, ...(after !== undefined && { after }) });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

/**
 * What a whole history says otherwise than the results do.
 * @param isDisturbed messages were repeated: a visit may have failed in attempts that its result does not have
 */
export function historyProblems(
  events: readonly ExecutionEvent[],
  results: readonly NodeResultView[],
  { isDisturbed = false } = {},
): string[] {
  const problems: string[] = [];
  const ids = new Set(events.map(({ id }) => id));
  if (ids.size !== events.length) problems.push(`${events.length - ids.size} events are told twice`);
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before !== undefined && comparePositions(before.position, event.position) >= 0)
      problems.push(`${event.id} is out of order`);
  }
  const started = events.filter(({ type }) => type === 'ExecutionStarted');
  if (started.length !== 1 || events[0]?.type !== 'ExecutionStarted') problems.push('it does not start once, at first');
  for (const [run, ofRun] of Map.groupBy(events, (event) => event.run)) {
    const ends = ofRun.filter(({ type }) => type === 'ExecutionEnded').length;
    if (ends !== 1) problems.push(`run ${run} ends ${ends} times`);
  }
  const visits = Map.groupBy(
    events.filter((event) => 'nodeId' in event),
    (event) => `${event.nodeId} ${event.visit} ${event.run}`,
  );
  for (const result of results) problems.push(...visitProblems(visits, result, isDisturbed));
  const ended = events.filter(
    ({ type }) => type === 'NodeSucceeded' || type === 'NodeFailed' || type === 'NodeSkipped',
  );
  if (ended.length !== results.length) problems.push(`${ended.length} visits ended, ${results.length} have results`);
  return problems;
}

function visitProblems(
  visits: ReadonlyMap<string, readonly ExecutionEvent[]>,
  { nodeId, visit, run, status, attempts }: NodeResultView,
  isDisturbed: boolean,
): string[] {
  const name = `${nodeId} ${visit} ${run}`;
  const events = visits.get(name) ?? [];
  const terminal = events.filter(({ type }) => type === TERMINAL[status]);
  const [end] = terminal;
  const problems = terminal.length === 1 ? [] : [`${name} has ${terminal.length} ${TERMINAL[status]}`];
  if (end?.type === 'NodeSucceeded' || end?.type === 'NodeFailed') {
    if (end.attempts !== attempts.length)
      problems.push(`${name} took ${attempts.length} attempts, told ${end.attempts}`);
    if (end.durationMs !== runningMs(attempts))
      problems.push(`${name} took ${runningMs(attempts)}, told ${end.durationMs}`);
  }
  const retries = events.filter((event) => event.type === 'NodeRetryScheduled' && event.chunk === undefined).length;
  if (isDisturbed ? retries < attempts.length - 1 : retries !== attempts.length - 1)
    problems.push(`${name} took ${attempts.length} attempts, and ${retries} retries are told`);
  return problems;
}

/** What the metrics of a workflow that ran in a single execution say otherwise than its history and its results do. */
export function metricsProblems(
  metrics: WorkflowMetrics,
  events: readonly ExecutionEvent[],
  results: readonly NodeResultView[],
): string[] {
  const problems: string[] = [];
  const ends = events.filter((event) => event.type === 'ExecutionEnded');
  const successes = ends.filter(({ status }) => status === 'SUCCEEDED').length;
  if (metrics.successfulExecutions !== successes || metrics.failedExecutions !== ends.length - successes)
    problems.push(
      `${metrics.successfulExecutions} are said to have succeeded, ${metrics.failedExecutions} to have failed`,
    );
  const counted = results.filter((result) => {
    const end = ends.find(({ run }) => run === result.run);
    return (
      result.status !== 'SKIPPED' && end !== undefined && (end.status === 'SUCCEEDED' || result.endedAtMs <= end.atMs)
    );
  });
  const byNode = Map.groupBy(counted, ({ nodeId }) => nodeId);
  for (const [nodeId, ran] of byNode) {
    const count = metrics.nodeExecutionTimes[nodeId]?.count ?? 0;
    if (count !== ran.length) problems.push(`${nodeId} ran ${ran.length} times, ${count} are counted`);
  }
  if (Object.keys(metrics.nodeExecutionTimes).length !== byNode.size)
    problems.push('nodes are counted that did not run');
  return problems;
}
