import { describe, expect, it } from 'vitest';
import { RowPage } from '../../../cli/timeline/row-page.ts';
import { decodePlace, encodePlace, placeOfRow } from '../../../cli/timeline/row-place.ts';
import {
  type AttemptEvent,
  rowOfOpenVisit,
  rowOfResult,
  type Span,
  type TimelineRow,
} from '../../../cli/timeline/timeline-row.ts';
import { ExecutionEvent } from '../../../shared/observability/execution-event.ts';
import { aResult, START } from './progress-fixtures.ts';

/** `running 5-12`: a span, counted from the start. */
const shown = (spans: readonly Span[]): string[] =>
  spans.map(({ kind, fromMs, toMs }) => `${kind} ${fromMs - START}-${toMs - START}`);

const anAttempt = (attempt: number, fromMs: number, toMs: number, error?: { name: string; message: string }) => ({
  attempt,
  startedAtMs: START + fromMs,
  endedAtMs: START + toMs,
  ...(error !== undefined && { error }),
});
const error = { name: 'Busy', message: 'x'.repeat(5_000) };

describe('the row of a visit that has ended', () => {
  it('was queued until its first attempt, and waited between them', () => {
    const attempts = [anAttempt(1, 10, 20, error), anAttempt(2, 100, 120, error), anAttempt(3, 300, 330)];
    const row = rowOfResult(aResult('charge', { attempts, endedAtMs: START + 330 }), false);

    expect(shown(row.spans)).toEqual([
      'queued 0-10',
      'failed 10-20',
      'backoff 20-100',
      'failed 100-120',
      'backoff 120-300',
      'running 300-330',
    ]);
    expect(row).toMatchObject({ nodeId: 'charge', visit: 1, attempts: 3, status: 'SUCCEEDED', isLate: false });
  });

  it('failed in its last attempt too, unless something made up for that', () => {
    const attempts = [anAttempt(1, 0, 20, error)];
    const failed = rowOfResult(aResult('a', { attempts, status: 'FAILED', error }), false);
    const caught = rowOfResult(aResult('a', { attempts, source: 'catch', error }), false);

    expect(shown(failed.spans)).toEqual(['failed 0-20']);
    expect(shown(caught.spans)).toEqual(['running 0-20']);
  });

  it('of a map begins with the map, though what collects it was dispatched later', () => {
    const map = aResult('each', { queuedAtMs: START + 900, attempts: [anAttempt(1, 50, 910)] });

    expect(shown(rowOfResult(map, false).spans)).toEqual(['running 50-910']);
  });

  it('keeps no more of an error than can be shown', () => {
    const row = rowOfResult(aResult('a', { status: 'FAILED', error: { ...error, stack: 'x'.repeat(2_000) } }), false);

    expect(row.error).toEqual({ name: 'Busy', message: 'x'.repeat(300) });
  });
});

describe('the row of a visit that has not ended', () => {
  let position = 0;
  const anEvent = (type: 'NodeStarted' | 'NodeRetryScheduled', afterMs: number, more: object): AttemptEvent => {
    const event = ExecutionEvent.parse({
      ...{ type, id: `${++position}`, position: `${position}.0`, executionId: 'x', run: 1, nodeId: 'a', visit: 1 },
      ...{ atMs: START + afterMs, error: { name: 'Busy', message: 'no' }, ...more },
    });
    if (event.type !== 'NodeStarted' && event.type !== 'NodeRetryScheduled') throw new Error('Unreachable');
    return event;
  };
  const retry = (attempt: number, atMs: number, durationMs: number, nextMs: number) =>
    anEvent('NodeRetryScheduled', atMs, { attempt, durationMs, nextAttemptAtMs: START + nextMs });
  const rowOf = (events: readonly AttemptEvent[], nowMs: number): TimelineRow =>
    rowOfOpenVisit({ nodeId: 'a', run: 1, readyAtMs: START + 100, events }, START + nowMs);

  it('was dispatched when all it waited for had ended; what it does since is not known', () => {
    expect(shown(rowOf([], 500).spans)).toEqual(['open 100-500']);
  });

  it('runs, where its start is told', () => {
    const row = rowOf([anEvent('NodeStarted', 130, { attempt: 1 })], 500);

    expect(shown(row.spans)).toEqual(['queued 100-130', 'running 130-500']);
    expect(row.attempts).toBe(1);
  });

  it('is in backoff until its next attempt', () => {
    const events = [retry(1, 150, 20, 1_150), retry(2, 1_200, 40, 3_200)];

    expect(shown(rowOf(events, 2_000).spans)).toEqual([
      'queued 100-130',
      'failed 130-150',
      'backoff 150-1160',
      'failed 1160-1200',
      'backoff 1200-2000',
    ]);
    expect(rowOf(events, 2_000)).toMatchObject({ status: 'RUNNING', attempts: 3, error: { name: 'Busy' } });
    expect(shown(rowOf(events, 4_000).spans).slice(-2)).toEqual(['backoff 1200-3200', 'open 3200-4000']);
  });

  it('has a span even where no time has gone by', () => {
    expect(shown(rowOf([], 100).spans)).toEqual(['open 100-100']);
  });
});

describe('a page of rows', () => {
  const aRow = (nodeId: string, queuedMs: number, startedMs = queuedMs, visit = 1): TimelineRow =>
    rowOfResult(
      aResult(nodeId, { visit, queuedAtMs: START + queuedMs, attempts: [anAttempt(1, startedMs, startedMs + 5)] }),
      false,
    );
  const rows = [aRow('d', 30), aRow('b', 10, 12), aRow('c', 10, 11), aRow('a', 0), aRow('d', 20, 20, 2), aRow('e', 30)];
  const pageOf = (options: { limit: number; after?: string | undefined }) => {
    const { limit, after } = options;
    const page = new RowPage({ limit, after: after === undefined ? undefined : decodePlace(after) });
    for (const row of rows) page.add(row);
    return page.close();
  };
  const names = (page: { rows: readonly TimelineRow[] }) => page.rows.map(({ nodeId, visit }) => `${nodeId}${visit}`);

  it('has them by their dispatch, then by their start, then by name', () => {
    expect(names(pageOf({ limit: 10 }))).toEqual(['a1', 'c1', 'b1', 'd2', 'd1', 'e1']);
  });

  it('counts in names: n2 comes before n10', () => {
    const page = new RowPage({ limit: 10 });
    for (const nodeId of ['n10', 'n2', 'n1', 'n02', 'm']) page.add(aRow(nodeId, 0));

    expect(names(page.close())).toEqual(['m1', 'n11', 'n021', 'n21', 'n101']);
  });

  it.each([1, 2, 3, 4, 6])('of %i goes on behind the one before, each row once', (limit) => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = pageOf({ limit, after });
      expect(page).toMatchObject({ total: 6, before: seen.length });
      seen.push(...names(page));
      const last = page.rows.at(-1);
      after = last === undefined ? undefined : encodePlace(placeOfRow(last));
    } while (seen.length < rows.length);

    expect(seen).toEqual(['a1', 'c1', 'b1', 'd2', 'd1', 'e1']);
    expect(pageOf({ limit, after }).rows).toEqual([]);
  });

  it.each(['', 'x', '1.2.a', '1.2.3a.4', '1.2.a.b', '1.-2.a.3', '99999999999999999999.1.a.1'])(
    'begins behind no place like %j',
    (text) => {
      expect(decodePlace(text)).toBeUndefined();
    },
  );
});
