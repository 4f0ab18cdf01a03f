import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../cli/display-width.ts';
import { EventTable } from '../../../cli/event-text.ts';
import { PLAIN } from '../../../cli/text.ts';
import { ExecutionEvent } from '../../../shared/observability/execution-event.ts';
import { START } from './progress-fixtures.ts';

let position = 0;
const anEvent = (type: ExecutionEvent['type'], afterMs: number, more: object = {}): ExecutionEvent =>
  ExecutionEvent.parse({
    type,
    id: `${type} ${++position}`,
    position: `${position}.0`,
    executionId: 'order-1',
    run: 1,
    atMs: START + afterMs,
    ...more,
  });
const settled = { source: 'handler', attempts: 1, queuedAtMs: START, startedAtMs: START, durationMs: 12 };
const error = { name: 'Busy', message: 'The far end\nis \u001b[31mbusy' };

const linesOf = (events: readonly ExecutionEvent[], columns?: number): string[] => {
  const table = new EventTable({ palette: PLAIN, startedAtMs: START, columns });
  return [table.header(events), ...table.lines(events)];
};

describe('events', () => {
  it('are a line each: when, what, where, the attempt, and what else there is to say', () => {
    const events = [
      anEvent('ExecutionStarted', 0, { workflow: 'orders' }),
      anEvent('NodeStarted', 3, { nodeId: 'charge', visit: 1, attempt: 1 }),
      anEvent('NodeRetryScheduled', 12, {
        ...{ nodeId: 'charge', visit: 1, attempt: 1, durationMs: 9, nextAttemptAtMs: START + 1_012, error },
      }),
      anEvent('NodeSucceeded', 1_020, {
        ...settled,
        nodeId: 'charge',
        visit: 1,
        attempts: 2,
        source: 'fallback',
        error,
      }),
      anEvent('NodeSucceeded', 61_020, { ...settled, nodeId: 'poll', visit: 12 }),
      anEvent('NodeFailed', 61_030, { ...settled, nodeId: 'ship', visit: 1, error }),
      anEvent('NodeSkipped', 61_031, { nodeId: 'refund', visit: 1 }),
      anEvent('MapPlanned', 61_032, { nodeId: 'each', visit: 1, items: 40, chunks: 1 }),
      anEvent('ChunkSettled', 61_033, {
        nodeId: 'each',
        visit: 1,
        chunk: 0,
        failedItems: 1,
        attempts: 1,
        durationMs: 5,
      }),
      anEvent('ExecutionStopping', 61_034, { reason: 'FAILED' }),
      anEvent('ExecutionEnded', 61_035, {
        workflow: 'orders',
        status: 'FAILED',
        durationMs: 61_035,
        error,
        failedNode: 'ship',
      }),
      anEvent('ExecutionRedriven', 3_725_000, { run: 2 }),
      anEvent('ExecutionPaused', 3_725_001),
    ];

    expect(linesOf(events)).toEqual([
      '           TIME  EVENT               NODE      TRY  DETAIL',
      '        0.000 s  ExecutionStarted                   orders',
      '        0.003 s  NodeStarted         charge      1',
      '        0.012 s  NodeRetryScheduled  charge      1  again in 1.0 s, Busy: The far end is busy',
      '        1.020 s  NodeSucceeded       charge      2  12 ms, by its fallback, Busy: The far end is busy',
      ' 1 min 01.020 s  NodeSucceeded       poll #12    1  12 ms',
      ' 1 min 01.030 s  NodeFailed          ship        1  Busy: The far end is busy',
      ' 1 min 01.031 s  NodeSkipped         refund         its runIf was false',
      ' 1 min 01.032 s  MapPlanned          each           40 items in 1 chunk',
      ' 1 min 01.033 s  ChunkSettled        each        1  chunk 0, 5 ms, 1 item failed',
      ' 1 min 01.034 s  ExecutionStopping                  FAILED',
      ' 1 min 01.035 s  ExecutionEnded                     FAILED after 1 min 1 s, ship: Busy: The far end is busy',
      '1 h 02 min 05 s  ExecutionRedriven                  run 2',
      '1 h 02 min 05 s  ExecutionPaused',
    ]);
  });

  it('that come one by one keep the columns of those before', () => {
    const table = new EventTable({ palette: PLAIN });
    const first = anEvent('NodeSkipped', 5, { nodeId: 'a-rather-long-name', visit: 1 });
    const second = anEvent('NodeSkipped', 17, { nodeId: 'b', visit: 1 });

    expect([...table.lines([first]), ...table.lines([second])]).toEqual([
      ' 0.000 s  NodeSkipped         a-rather-long-name       its runIf was false',
      ' 0.012 s  NodeSkipped         b                        its runIf was false',
    ]);
  });

  it.each([40, 60, 80, 120])('fill no more than a terminal of %i columns', (columns) => {
    const wide = { name: '忙', message: '遠い端は忙しい'.repeat(30) };
    const events = [
      anEvent('NodeFailed', 3, { ...settled, nodeId: 'n'.repeat(80), visit: 123, error: wide }),
      anEvent('NodeFailed', 5, { ...settled, nodeId: 'ship', visit: 1, error: wide }),
    ];

    const lines = linesOf(events, columns);

    for (const line of lines) expect(displayWidth(line)).toBeLessThan(Math.max(columns, 64));
    expect(lines[1]).toContain('… #123');
    expect(lines[2]).toMatch(/忙.*…$/);
  });

  it('are not cut without a terminal', () => {
    const [, line] = linesOf([anEvent('NodeFailed', 3, { ...settled, nodeId: 'n'.repeat(80), visit: 123, error })]);

    expect(line).toContain(`${'n'.repeat(80)} #123`);
    expect(line).toMatch(/Busy: The far end is busy$/);
  });
});
