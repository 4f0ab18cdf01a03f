import { describe, expect, it } from 'vitest';
import { parseCount, parseSince, parseStatus } from '../../../cli/parse-options.ts';

describe('--since', () => {
  it.each([
    ['30s', 30_000],
    ['30m', 1_800_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s is an age', (value, ageMs) => {
    const before = Date.now();
    const sinceMs = parseSince(value);

    expect(sinceMs).toBeGreaterThanOrEqual(before - ageMs);
    expect(sinceMs).toBeLessThanOrEqual(Date.now() - ageMs);
  });

  it('is a local day, a local time, or one with its zone', () => {
    expect(parseSince('2026-03-01')).toBe(new Date(2026, 2, 1).getTime());
    expect(parseSince('2026-03-01T14:05')).toBe(new Date(2026, 2, 1, 14, 5).getTime());
    expect(parseSince('2026-03-01T14:05:06.007Z')).toBe(Date.UTC(2026, 2, 1, 14, 5, 6, 7));
    expect(parseSince('2026-03-01T14:05+02:00')).toBe(Date.UTC(2026, 2, 1, 12, 5));
  });

  it.each(['', '30', '30 m', '-5m', 'yesterday', '2026-02-31T25:00', '2026-13-01', '1 March'])(
    '%j is refused',
    (value) => {
      expect(() => parseSince(value)).toThrow(/Give an age, as in 30m, 2h or 7d, or a time/);
    },
  );
});

describe('--status', () => {
  it.each([
    ['FAILED', 'FAILED'],
    ['failed', 'FAILED'],
    ['timed-out', 'TIMED_OUT'],
    ['Timed_Out', 'TIMED_OUT'],
  ])('%s is %s', (value, status) => {
    expect(parseStatus(value)).toBe(status);
  });

  it('that there is not is refused with what there is, and what may have been meant', () => {
    expect(() => parseStatus('faild')).toThrow(
      `Did you mean 'FAILED'? It is one of RUNNING, PAUSED, SUCCEEDED, FAILED, TIMED_OUT, CANCELLED.`,
    );
    expect(() => parseStatus('done')).toThrow(/^It is one of RUNNING/);
  });
});

describe('--limit', () => {
  it.each(['0', '-1', '1.5', '1001', 'all', ''])('%j is refused', (value) => {
    expect(() => parseCount(1_000)(value)).toThrow('Give a whole number from 1 to 1,000.');
  });

  it('is a count', () => {
    expect([parseCount(1_000)('1'), parseCount(1_000)('1000')]).toEqual([1, 1_000]);
  });
});
