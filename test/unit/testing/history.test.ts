import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import type { EventsPage, ExecutionEvent } from '../../../shared/observability/execution-event.ts';
import { historyLine } from '../../../shared/testing/history-lines.ts';
import { createTestExecutor, expectHistory, historyOf } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';
import { orders } from './orders.ts';

const base = { id: 'x', position: '1.0', executionId: 'e', run: 1, atMs: 1_000 };
const visit = { ...base, nodeId: 'a', visit: 1 };
const settled = { ...visit, source: 'handler', attempts: 1, queuedAtMs: 0, startedAtMs: 0, durationMs: 0 } as const;
const error = { name: 'Busy', message: 'try again' };
const ended = { ...base, type: 'ExecutionEnded', workflow: 'w', durationMs: 1 } as const;

describe('the line of an event', () => {
  it.each<[string, ExecutionEvent]>([
    ['started', { ...base, type: 'ExecutionStarted', workflow: 'w' }],
    ['started (cached)', { ...base, type: 'ExecutionStarted', workflow: 'w', cachedFrom: 'f' }],
    ['started (from a checkpoint)', { ...base, type: 'ExecutionStarted', workflow: 'w', checkpointId: 'c' }],
    ['a started', { ...visit, type: 'NodeStarted', attempt: 1 }],
    ['a[3] #2 started (attempt 2)', { ...visit, type: 'NodeStarted', visit: 2, chunk: 3, attempt: 2 }],
    [
      'a failed (attempt 1, Busy), again in 500 ms',
      { ...visit, type: 'NodeRetryScheduled', attempt: 1, durationMs: 0, nextAttemptAtMs: 1_500, error },
    ],
    ['a succeeded', { ...settled, type: 'NodeSucceeded' }],
    ['a succeeded', { ...settled, type: 'NodeSucceeded', source: 'engine' }],
    ['a #2 succeeded (attempt 3)', { ...settled, type: 'NodeSucceeded', visit: 2, attempts: 3 }],
    ['a succeeded (fallback, Busy)', { ...settled, type: 'NodeSucceeded', source: 'fallback', error }],
    ['a succeeded (cache)', { ...settled, type: 'NodeSucceeded', source: 'cache' }],
    ['a failed (attempt 2, Busy)', { ...settled, type: 'NodeFailed', attempts: 2, error }],
    ['a skipped', { ...visit, type: 'NodeSkipped' }],
    ['a planned (1 item)', { ...visit, type: 'MapPlanned', items: 1, chunks: 1 }],
    ['a planned (5 items, 2 chunks)', { ...visit, type: 'MapPlanned', items: 5, chunks: 2 }],
    ['a[0] settled', { ...visit, type: 'ChunkSettled', chunk: 0, failedItems: 0, attempts: 1, durationMs: 0 }],
    [
      'a[1] settled (attempt 2, 3 items failed)',
      { ...visit, type: 'ChunkSettled', chunk: 1, failedItems: 3, attempts: 2, durationMs: 0 },
    ],
    ['paused', { ...base, type: 'ExecutionPaused' }],
    ['resumed', { ...base, type: 'ExecutionResumed' }],
    ['redriven', { ...base, type: 'ExecutionRedriven' }],
    ['stopping (CANCELLED)', { ...base, type: 'ExecutionStopping', reason: 'CANCELLED' }],
    ['succeeded', { ...ended, status: 'SUCCEEDED' }],
    ['failed (Busy at a)', { ...ended, status: 'FAILED', error, failedNode: 'a' }],
    ['failed (Busy)', { ...ended, status: 'FAILED', error }],
    ['timed out', { ...ended, status: 'TIMED_OUT', error }],
    ['cancelled', { ...ended, status: 'CANCELLED', error }],
  ])('%s', (line, event) => {
    expect(historyLine(event)).toBe(line);
  });
});

/** A handle whose history is these lines, of no more than two to a page. */
const aHandle = (nodes: readonly string[]) => ({
  history: async ({ after = '0' }: { after?: string } = {}): Promise<EventsPage> => {
    const from = Number(after);
    const events = nodes.slice(from, from + 2).map((nodeId) => ({ ...visit, type: 'NodeSkipped' as const, nodeId }));
    return { events, isOver: true, ...(from + 2 < nodes.length && { next: String(from + 2) }) };
  },
});

describe('a history', () => {
  it('is read to its end', async () => {
    expect(await historyOf(aHandle(['a', 'b', 'c', 'd', 'e']))).toEqual([
      'a skipped',
      'b skipped',
      'c skipped',
      'd skipped',
      'e skipped',
    ]);
  });

  const lines = (text: string) => [...text].map((letter) => (letter === '…' ? '…' : `${letter} skipped`));

  it.each(['abcbd', '…', '…abcbd…', 'a…d', 'a…bd', 'ab…', '…bd', 'a…b…b…d', 'a…c…', '……d', 'abcb…d'])(
    'is as expected: %s',
    async (expected) => {
      await expectHistory(aHandle([...'abcbd']), lines(expected));
    },
  );

  it.each(['', 'abcb', 'abcbde', 'a…e', 'b…', '…b', 'a…d…c…', 'a…cd', 'abcbd…d', 'bacbd'])(
    'is not as expected: %s',
    async (expected) => {
      await expect(expectHistory(aHandle([...'abcbd']), lines(expected))).rejects.toBeInstanceOf(AssertionError);
    },
  );

  it('that is not as expected shows the difference, and nothing else', async () => {
    const failed = await expectHistory(aHandle([...'abcbd']), lines('a…xb…')).catch((thrown: AssertionError) => thrown);

    expect(failed).toMatchObject({ code: 'ERR_ASSERTION', actual: lines('abcbd') });
    expect(String(failed?.message)).toContain("-   'x skipped'");
  });
});

describe('what happened to an execution', () => {
  it('is told over a pause, a resume, a failure and a redrive', async () => {
    await using executor = createTestExecutor({
      workflow: orders,
      failures: [
        { node: 'charge', attempt: 1, error: new Error('busy') },
        { node: 'reserve', delayMs: 5 },
        { node: 'ship', times: 1, error: new Error('no courier') },
      ],
    });
    executor.when('reserve', 'settled', (handle) => handle.pause());
    const handle = await executor.start(orders, { id: 'a' });
    await handle.result();
    await executor.clock.advance(1_000_000);
    await handle.resume();
    await handle.result();
    await handle.redrive();
    await handle.result();

    expect(await historyOf(handle, { times: true })).toEqual([
      '0 ms: started',
      '0 ms: charge failed (attempt 1, Error), again in 60000 ms',
      '5 ms: reserve succeeded',
      '5 ms: paused',
      '1060000 ms: resumed',
      '1060000 ms: charge succeeded (attempt 2)',
      '1060000 ms: ship failed (Error)',
      '1060000 ms: failed (Error at ship)',
      '1060000 ms: redriven',
      '1060000 ms: ship succeeded',
      '1060000 ms: succeeded',
    ]);
    expect(executor.calls('ship')).toHaveLength(2);
  });

  it('is told of what a fallback and the cache gave', async () => {
    await using executor = createTestExecutor({
      replace: { 'x.y': () => 1, 'x.z': () => 2 },
      failures: [{ node: 'a', error: new TypeError('bad') }],
    });
    const a = { handler: 'x.y', fallback: { handler: 'x.z' } };
    const handle = await executor.start(aWorkflow({ a, b: { handler: 'x.y', cache: {} } }), null);
    await handle.result();
    const again = await executor.start(aWorkflow({ a, b: { handler: 'x.y', cache: {} } }), null);
    await again.result();

    await expectHistory(handle, ['started', '…', 'a succeeded (fallback, TypeError)', '…', 'succeeded']);
    await expectHistory(again, ['started', '…', 'b succeeded (cache)', '…', 'succeeded']);
  });
});
