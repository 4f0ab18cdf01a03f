import { outlineError } from '../../shared/errors.ts';
import type { ErrorInfo, NodeResultView } from '../../shared/model/result.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';

/** What a visit did in a stretch of time. `open`: it was dispatched; whether it waits or runs is not known. */
export type SpanKind = 'queued' | 'running' | 'failed' | 'backoff' | 'open';

/** In milliseconds since the epoch. `failed`: an attempt that failed. */
export interface Span {
  readonly kind: SpanKind;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One visit of a node in one run of its execution. */
export interface TimelineRow {
  readonly nodeId: string;
  readonly visit: number;
  readonly run: number;
  readonly status: NodeResultView['status'] | 'RUNNING';
  /** What made the result; of a visit that has none yet, absent. */
  readonly source?: NodeResultView['source'];
  readonly attempts: number;
  /** In order, without gaps. */
  readonly spans: readonly Span[];
  readonly error?: Pick<ErrorInfo, 'name' | 'message' | 'code'>;
  /** It ended after its execution did, and changed nothing. */
  readonly isLate: boolean;
}

export const startOf = ({ spans }: Pick<TimelineRow, 'spans'>): number => spans[0]?.fromMs ?? 0;
export const endOf = ({ spans }: Pick<TimelineRow, 'spans'>): number => spans.at(-1)?.toMs ?? 0;

/** The row of a visit that has ended. */
export function rowOfResult(result: NodeResultView, isLate: boolean): TimelineRow {
  const { nodeId, visit, run, status, source, attempts, error } = result;
  return {
    nodeId,
    visit,
    run,
    status,
    source,
    attempts: attempts.length,
    spans: spansOfResult(result),
    ...(error !== undefined && { error: outlineError(error) }),
    isLate,
  };
}

function spansOfResult({ status, attempts, queuedAtMs, startedAtMs, endedAtMs }: NodeResultView): Span[] {
  const tries = attempts.length > 0 ? attempts : [{ attempt: 1, startedAtMs, endedAtMs }];
  const spans: Span[] = [];
  // A map began before what collects its outputs was dispatched.
  let atMs = Math.min(queuedAtMs, ...tries.slice(0, 1).map((first) => first.startedAtMs));
  for (const [index, attempt] of tries.entries()) {
    const isLast = index === tries.length - 1;
    if (attempt.startedAtMs > atMs)
      spans.push({ kind: index === 0 ? 'queued' : 'backoff', fromMs: atMs, toMs: attempt.startedAtMs });
    // The last one's error may have been made good, by a fallback or a catch clause.
    const kind = isLast ? (status === 'FAILED' ? 'failed' : 'running') : 'failed';
    const fromMs = Math.max(atMs, attempt.startedAtMs);
    atMs = Math.max(fromMs, attempt.endedAtMs);
    spans.push({ kind, fromMs, toMs: atMs });
  }
  return spans;
}

/** What is known of attempts of a visit that has no result yet. */
export type AttemptEvent = Extract<ExecutionEvent, { type: 'NodeStarted' | 'NodeRetryScheduled' }>;

export interface OpenVisit {
  readonly nodeId: string;
  readonly run: number;
  /** When all it waited for had ended. */
  readonly readyAtMs: number;
  /** Of its latest visit, in order. */
  readonly events: readonly AttemptEvent[];
}

/** The row of a visit that has not ended. */
export function rowOfOpenVisit({ nodeId, run, readyAtMs, events }: OpenVisit, nowMs: number): TimelineRow {
  const spans: Span[] = [];
  let atMs = readyAtMs;
  const add = (kind: SpanKind, toMs: number) => {
    const endMs = Math.min(Math.max(toMs, atMs), nowMs);
    const last = spans.at(-1);
    if (last?.kind === kind) spans[spans.length - 1] = { ...last, toMs: endMs };
    else if (endMs > atMs) spans.push({ kind, fromMs: atMs, toMs: endMs });
    atMs = Math.max(atMs, endMs);
  };
  const waited = () => (spans.some(({ kind }) => kind === 'failed') ? 'backoff' : 'queued');
  let isStarted = false;
  for (const event of events) {
    const startedAtMs = event.type === 'NodeStarted' ? event.atMs : event.atMs - event.durationMs;
    add(isStarted ? 'running' : waited(), startedAtMs);
    isStarted = event.type === 'NodeStarted';
    if (event.type === 'NodeRetryScheduled') {
      add('failed', event.atMs);
      add('backoff', event.nextAttemptAtMs);
    }
  }
  add(isStarted ? 'running' : 'open', nowMs);
  const failures = events.filter(({ type }) => type === 'NodeRetryScheduled').length;
  const [latest] = events.slice(-1);
  return {
    nodeId,
    visit: latest?.visit ?? 1,
    run,
    status: 'RUNNING',
    attempts: failures + 1,
    spans: spans.length > 0 ? spans : [{ kind: 'open', fromMs: atMs, toMs: atMs }],
    ...(latest?.type === 'NodeRetryScheduled' && { error: latest.error }),
    isLate: false,
  };
}
