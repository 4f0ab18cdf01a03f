import { describe, expect, it } from 'vitest';
import { checkpointDetailLines, checkpointLines } from '../../../cli/checkpoint-text.ts';
import { listLines } from '../../../cli/list-text.ts';
import { metricsLines } from '../../../cli/metrics-text.ts';
import { formatAge, formatOffset, formatShare, PLAIN } from '../../../cli/text.ts';
import type { CheckpointDetail } from '../../../shared/executor/checkpoints.ts';
import { addSample, emptyTally, toMetrics } from '../../../shared/observability/tally.ts';
import { aDescription, START } from './progress-fixtures.ts';

const options = { palette: PLAIN, nowMs: START };

it('a list shows an execution on each line: how it stands, since when, how long', () => {
  const executions = [
    { executionId: 'order-1042', workflow: 'orders', status: 'RUNNING', run: 1, startedAtMs: START - 4_200 },
    { executionId: 'x', workflow: 'audit', status: 'FAILED', run: 2, startedAtMs: START - 7_200_000, endedAtMs: START },
  ] as const;

  expect(listLines(executions, options)).toEqual([
    'EXECUTION   WORKFLOW  STATUS          STARTED  DURATION',
    'order-1042  orders    RUNNING         4 s ago  4.2 s so far',
    'x           audit     FAILED (run 2)  2 h ago  2 h 0 min',
  ]);
});

it.each([
  [999, 'just now'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_599_999, '59 min ago'],
  [86_399_999, '23 h ago'],
  [29 * 86_400_000, '29 d ago'],
  [-5_000, 'just now'],
])('%i ms before now is %s', (ms, text) => {
  expect(formatAge(START - ms, START)).toBe(text);
});

it('more than a month ago is a date', () => {
  expect(formatAge(START - 45 * 86_400_000, START)).toBe('2026-01-15');
});

it.each([
  [0, '0.000 s'],
  [59_999, '59.999 s'],
  [60_000, '1 min 00.000 s'],
  [125_123, '2 min 05.123 s'],
  [3_785_000, '1 h 03 min 05 s'],
  [-12, '-0.012 s'],
])('%i ms into an execution is %s', (ms, text) => {
  expect(formatOffset(ms)).toBe(text);
});

it.each([
  [0, 0, '0 %'],
  [0, 5, '0 %'],
  [1, 3, '33 %'],
  [1, 150, '0.7 %'],
  [1, 100_000, '< 0.1 %'],
  [999, 1_000, '99.9 %'],
  [99_999, 100_000, '99.9 %'],
  [5, 5, '100 %'],
])('%i of %i is %s', (part, whole, text) => {
  expect(formatShare(part, whole)).toBe(text);
});

describe('metrics', () => {
  const tally = emptyTally();
  for (const [isSuccess, durationMs, chargeMs] of [
    [true, 100, 20],
    [true, 200, 1_000],
    [false, 3_000, 1_980],
  ] as const) {
    const visits = [
      ['validate', 10],
      ['charge', chargeMs],
    ] as const;
    addSample(tally, { isSuccess, durationMs, visits });
  }

  it('say how often it succeeds, how long it takes, and which nodes take the time', () => {
    expect(metricsLines(toMetrics('orders', tally), { palette: PLAIN, limit: 10 })).toEqual([
      'workflow    orders',
      'executions  3 ended: 2 succeeded, 1 did not',
      'success     67 %',
      'duration    mean 1.1 s, p50 203 ms, p95 3.0 s, max 3.0 s',
      '',
      'NODE      VISITS  TOTAL  SHARE   MEAN    P50    P95    MAX',
      'charge         3  3.0 s   99 %  1.0 s  1.0 s  2.0 s  2.0 s',
      'validate       3  30 ms  1.0 %  10 ms  10 ms  10 ms  10 ms',
    ]);
  });

  it('of an earlier version have a mean alone, and a table only of what there is', () => {
    const counted = { succeeded: 2, failed: 0, durationMs: 300, nodes: {} };

    expect(metricsLines(toMetrics('orders', counted), { palette: PLAIN, limit: 10 })).toEqual([
      'workflow    orders',
      'executions  2 ended: 2 succeeded, none failed',
      'success     100 %',
      'duration    mean 150 ms',
    ]);
  });

  it('show no more nodes than asked for, those with the most time first', () => {
    const lines = metricsLines(toMetrics('orders', tally), { palette: PLAIN, limit: 1 });

    expect(lines.slice(6).map((line) => line.split(' ')[0])).toEqual(['charge']);
  });
});

describe('checkpoints', () => {
  const base = {
    checkpointId: 'order-1.7',
    reason: 'interval',
    finishedNodes: 5,
    createdAtMs: START - 90_000,
  } as const;
  const detail: CheckpointDetail = {
    ...base,
    ...{ executionId: 'order-1', workflow: 'orders', run: 2, isCurrent: false },
    progress: {
      ...aDescription().progress,
      ...{ nodes: 30, succeeded: 20, failed: 1, running: ['each'], inFlight: 3 },
      maps: { each: { items: 100, chunks: 10, settledChunks: 4, failedItems: 0 } },
    },
    ended: { succeeded: Array.from({ length: 20 }, (_, index) => `n${index}`), failed: ['bad'], skipped: [] },
  };

  it('are listed with when and why they were taken', () => {
    expect(
      checkpointLines([base, { ...base, checkpointId: 'order-1.9', reason: 'pause', finishedNodes: 6 }], options),
    ).toEqual([
      'CHECKPOINT  TAKEN      FINISHED  WHY',
      'order-1.7   1 min ago         5  5 nodes had finished',
      'order-1.9   1 min ago         6  the execution was paused',
    ]);
  });

  it('are shown with what had finished, what was in flight, and what resuming does', () => {
    const lines = checkpointDetailLines(detail, { ...options, place: { database: 'a.db' } });

    expect(lines.map((line) => line.replace(/\d\d:\d\d:\d\d/, 'TIME'))).toEqual([
      'checkpoint  order-1.7',
      'execution   order-1, run 2',
      'workflow    orders',
      'taken       TIME, 1 min ago, when 5 nodes had finished',
      'nodes       20 of 30 succeeded, 1 failed',
      'succeeded   n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11 and 8 others',
      'failed      bad',
      'in flight   each',
      'map         each 40/100 items',
      'next        fanjoin checkpoint resume order-1.7 --database a.db starts a new execution from here',
    ]);
  });

  it('say so where resuming goes on with the execution itself', () => {
    const lines = checkpointDetailLines({ ...detail, isCurrent: true }, { ...options, place: {} });

    expect(lines.at(-1)).toBe(
      'next        fanjoin checkpoint resume order-1.7 goes on with the execution, which is still paused here',
    );
  });
});
