import { describe, expect, it } from 'vitest';
import { criticalPathMs, type HandlerTime, orderViolations } from '../../bench/measure/critical-path.ts';

const DIAMOND = [
  { id: 'bottom', parents: ['left', 'right'] },
  { id: 'left', parents: ['top'] },
  { id: 'right', parents: ['top'] },
  { id: 'top', parents: [] },
];

const times = (of: Record<string, [number, number]>): Map<string, HandlerTime> =>
  new Map(Object.entries(of).map(([id, [startedMs, endedMs]]) => [id, { startedMs, endedMs }]));

describe('the critical path of the handlers’ own time', () => {
  it('is the longest way, whatever was waited for between its nodes', () => {
    const ran = times({ top: [0, 10], left: [110, 115], right: [100, 140], bottom: [1_000, 1_002] });

    expect(criticalPathMs(DIAMOND, ran)).toBe(10 + 40 + 2);
  });

  it('may end anywhere, and counts what did not run as nothing', () => {
    const ran = times({ top: [0, 10], left: [10, 500] });

    expect(criticalPathMs(DIAMOND, ran)).toBe(500);
  });

  it('of nothing is nothing', () => {
    expect(criticalPathMs([], new Map())).toBe(0);
  });
});

describe('the order check', () => {
  it('finds nothing where each began once its parents had ended, even in the same instant', () => {
    const ran = times({ top: [0, 1], left: [1, 2], right: [1, 3], bottom: [3, 4] });

    expect(orderViolations(DIAMOND, ran)).toEqual([]);
  });

  it('names who began before a parent had ended, and who did not run', () => {
    const ran = times({ top: [0, 1], right: [1, 3], bottom: [2, 4] });

    expect(orderViolations(DIAMOND, ran)).toEqual([
      "'bottom' began before its parent 'left' had ended",
      "'bottom' began before its parent 'right' had ended",
      "'left' did not run",
    ]);
  });
});
