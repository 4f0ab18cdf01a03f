import type { NodeResultView } from '../../shared/model/result.ts';
import { comparePositions } from '../../shared/observability/event-position.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { runningMs } from '../../shared/observability/to-events.ts';

const TERMINAL = { SUCCEEDED: 'NodeSucceeded', FAILED: 'NodeFailed', SKIPPED: 'NodeSkipped' } as const;

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
