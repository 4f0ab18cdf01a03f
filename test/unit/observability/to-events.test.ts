import { describe, expect, it } from 'vitest';
import { ExecutionEvent } from '../../../shared/observability/execution-event.ts';
import { eventsOf, toEvents } from '../../../shared/observability/to-events.ts';
import { aChange, aMeta, anAttempt, aResult } from '../../support/factories-observability.ts';

const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type);

describe('the events of a change', () => {
  it('have the id of the item, so that a repetition tells the same', () => {
    const [once] = toEvents(aChange(aResult(), { sequence: '7' }));
    const [again] = toEvents(aChange(aResult(), { sequence: '7' }));

    expect(once).toEqual(again);
    expect(once).toMatchObject({ id: 'RESULT#pack#000001#0001', position: '7.0', executionId: 'execution-1' });
  });

  it('say how a visit ended, how often it was tried, and how long it ran without the waits', () => {
    expect(toEvents(aChange(aResult()))).toMatchObject([
      { type: 'NodeSucceeded', nodeId: 'pack', visit: 1, attempts: 2, durationMs: 60, queuedAtMs: 1_010, atMs: 1_150 },
    ]);
  });

  it('keep the error that a fallback or a catch clause made up for', () => {
    const result = aResult({ source: 'fallback', error: { name: 'Timeout', message: 'slow', stack: 's' } });

    expect(toEvents(aChange(result))).toMatchObject([
      { type: 'NodeSucceeded', source: 'fallback', error: { name: 'Timeout', message: 'slow' } },
    ]);
  });

  it('tell failures and skips by their own names', () => {
    const failed = aResult({ status: 'FAILED', error: { name: 'TypeError', message: 'bad' } });

    expect(typesOf(toEvents(aChange(failed)))).toEqual(['NodeFailed']);
    expect(typesOf(toEvents(aChange(aResult({ status: 'SKIPPED' }))))).toEqual(['NodeSkipped']);
  });

  it('never hold a payload, a message or a stack', () => {
    const long = 'x'.repeat(10_000);
    const changes = [
      aChange(aMeta({ status: 'FAILED', endedAtMs: 2_000, error: { name: 'E', message: long, stack: 'at secret' } })),
      aChange(aResult({ error: { name: 'E', message: long, stack: 'at secret', cause: { name: 'C', message: 'm' } } })),
      aChange(anAttempt()),
    ];

    const text = JSON.stringify(changes.flatMap(toEvents));

    expect(text).not.toMatch(/secret|cause/);
    expect(text.length).toBeLessThan(3_000);
  });

  it('say of a failed attempt when the next one comes', () => {
    expect(toEvents(aChange(anAttempt()))).toMatchObject([
      { type: 'NodeRetryScheduled', attempt: 1, durationMs: 10, nextAttemptAtMs: 1_100, error: { name: 'Error' } },
    ]);
  });

  it('are none for the scheduler’s state, for its own items, for deletions and for second writes', () => {
    const state = { pk: 'EXEC#execution-1', sk: 'STATE', v: 1 };
    const own = { pk: 'EXEC#execution-1', sk: 'EVENT#1', v: 1, events: '[]' };
    const deletion = { sequence: '1', key: { pk: 'EXEC#execution-1', sk: 'META' }, before: aMeta() };

    expect([aChange(state), aChange(own), deletion].flatMap(toEvents)).toEqual([]);
    expect(toEvents(aChange(aResult(), { before: aResult() }))).toEqual([]);
  });

  it('are none for results that were taken over with a checkpoint', () => {
    expect(toEvents(aChange(aResult({ copiedFrom: 'execution-0' })))).toEqual([]);
  });
});

describe('the events of META', () => {
  const running = aMeta();

  it('tell a start', () => {
    expect(toEvents(aChange(running))).toMatchObject([{ type: 'ExecutionStarted', workflow: 'orders', atMs: 1_000 }]);
  });

  it('tell each flag once, when it is raised', () => {
    const paused = aMeta({ status: 'PAUSED', pausedAtMs: 1_200 });
    const resumed = aMeta({ pausedAtMs: 1_200, resumedAtMs: 1_300 });
    const stopping = aMeta({ stop: { reason: 'CANCELLED', atMs: 1_400 } });

    expect(typesOf(toEvents(aChange(paused, { before: running })))).toEqual(['ExecutionPaused']);
    expect(typesOf(toEvents(aChange(resumed, { before: paused })))).toEqual(['ExecutionResumed']);
    expect(toEvents(aChange(stopping, { before: running }))).toMatchObject([
      { type: 'ExecutionStopping', reason: 'CANCELLED', atMs: 1_400 },
    ]);
    expect(toEvents(aChange(aMeta({ dueAtMs: 5 }), { before: running }))).toEqual([]);
  });

  it('tell the end with its duration, counted from a redrive', () => {
    const failed = aMeta({
      status: 'FAILED',
      endedAtMs: 3_000,
      failedNode: 'pack',
      error: { name: 'E', message: 'm' },
    });
    const redriven = aMeta({ run: 2, redrivenAtMs: 5_000 });
    const ended = aMeta({ run: 2, redrivenAtMs: 5_000, status: 'SUCCEEDED', endedAtMs: 5_500 });

    expect(toEvents(aChange(failed, { before: running }))).toMatchObject([
      { type: 'ExecutionEnded', status: 'FAILED', durationMs: 2_000, failedNode: 'pack' },
    ]);
    expect(toEvents(aChange(redriven, { before: failed }))).toMatchObject([{ type: 'ExecutionRedriven', run: 2 }]);
    expect(toEvents(aChange(ended, { before: redriven }))).toMatchObject([
      { type: 'ExecutionEnded', run: 2, durationMs: 500 },
    ]);
  });

  it('tell start and end of an execution whose output was there already', () => {
    const cached = aMeta({ status: 'SUCCEEDED', endedAtMs: 1_000, cachedFrom: 'execution-0' });

    const events = toEvents(aChange(cached));

    expect(typesOf(events)).toEqual(['ExecutionStarted', 'ExecutionEnded']);
    expect(events.map(({ position }) => position)).toEqual(['100.0', '100.1']);
    expect(events[0]).toMatchObject({ cachedFrom: 'execution-0' });
  });

  it('are the same, by id, when they are found again in what stands', () => {
    const told = [
      ...toEvents(aChange(running)),
      ...toEvents(aChange(aMeta({ status: 'PAUSED', pausedAtMs: 1_200 }), { before: running })),
    ];

    const standing = eventsOf(aMeta({ status: 'PAUSED', pausedAtMs: 1_200 }));

    expect(standing.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
  });
});

it('every event is of the public schema', () => {
  const meta = aMeta({
    status: 'CANCELLED',
    endedAtMs: 9_000,
    run: 2,
    redrivenAtMs: 2_000,
    pausedAtMs: 2_100,
    resumedAtMs: 2_200,
    stop: { reason: 'CANCELLED', atMs: 2_300 },
  });
  const events = [meta, aResult(), aResult({ status: 'FAILED' }), anAttempt()].flatMap((item) =>
    toEvents(aChange(item)),
  );

  expect(events.map((event) => ExecutionEvent.parse(event))).toEqual(events);
  expect(events).toHaveLength(9);
});
