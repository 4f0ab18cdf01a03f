import { describe, expect, it } from 'vitest';
import { nextCronRun } from '../../infra/local/cron-runs.ts';

/** The next times of an expression, as UTC. */
function runs(cron: string, timeZone: string, after: string, count = 3): string[] {
  const found: string[] = [];
  let atMs: number | undefined = Date.parse(after);
  while (found.length < count) {
    atMs = nextCronRun(cron, timeZone, atMs);
    if (atMs === undefined) break;
    found.push(new Date(atMs).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('a schedule is due', () => {
  it.each<[cron: string, expected: string[]]>([
    ['0 2 * * ? *', ['2026-01-15T02:00Z', '2026-01-16T02:00Z', '2026-01-17T02:00Z']],
    ['0/25 8 ? * MON-FRI *', ['2026-01-15T08:00Z', '2026-01-15T08:25Z', '2026-01-15T08:50Z']],
    // Days of the week count from 1, Sunday.
    ['0 10 ? * 1 *', ['2026-01-18T10:00Z', '2026-01-25T10:00Z', '2026-02-01T10:00Z']],
    ['0 10 ? * L *', ['2026-01-17T10:00Z', '2026-01-24T10:00Z', '2026-01-31T10:00Z']],
    ['0 10 ? * SAT-SUN *', ['2026-01-17T10:00Z', '2026-01-18T10:00Z', '2026-01-24T10:00Z']],
    ['0 10 ? * 6L *', ['2026-01-30T10:00Z', '2026-02-27T10:00Z', '2026-03-27T10:00Z']],
    ['0 10 ? * TUE#2 *', ['2026-02-10T10:00Z', '2026-03-10T10:00Z', '2026-04-14T10:00Z']],
    ['0 10 L * ? *', ['2026-01-31T10:00Z', '2026-02-28T10:00Z', '2026-03-31T10:00Z']],
    ['0 10 LW * ? *', ['2026-01-30T10:00Z', '2026-02-27T10:00Z', '2026-03-31T10:00Z']],
    ['0 10 15W FEB ? *', ['2026-02-16T10:00Z', '2027-02-15T10:00Z', '2028-02-15T10:00Z']],
    ['0 0 29 2 ? *', ['2028-02-29T00:00Z', '2032-02-29T00:00Z', '2036-02-29T00:00Z']],
    ['0 22-1/3 15 1 ? *', ['2026-01-15T01:00Z', '2026-01-15T22:00Z', '2027-01-15T01:00Z']],
    ['30 6 1 1 ? 2027-2028', ['2027-01-01T06:30Z', '2028-01-01T06:30Z']],
    ['0 0 1 1 ? 2025', []],
  ])('%s', (cron, expected) => {
    expect(runs(cron, 'UTC', '2026-01-15T00:00:00Z')).toEqual(expected);
  });

  it('by the clocks of its zone, the whole year round', () => {
    expect(runs('0 9 1 1,7 ? *', 'America/New_York', '2026-01-01T00:00:00Z', 2)).toEqual([
      '2026-01-01T14:00Z',
      '2026-07-01T13:00Z',
    ]);
    expect(runs('0 9 * * ? *', 'Asia/Kolkata', '2026-01-01T03:30:00Z', 1)).toEqual(['2026-01-02T03:30Z']);
  });

  it('not at a time that the clocks pass over in spring', () => {
    expect(runs('30 2 * * ? *', 'Europe/Berlin', '2026-03-27T12:00:00Z')).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-30T00:30Z',
      '2026-03-31T00:30Z',
    ]);
    expect(runs('0/30 * 29 3 ? 2026', 'Europe/Berlin', '2026-03-29T00:00:00Z')).toEqual([
      '2026-03-29T00:30Z',
      '2026-03-29T01:00Z',
      '2026-03-29T01:30Z',
    ]);
  });

  it('once at a time that comes twice in autumn', () => {
    expect(runs('30 2 * * ? *', 'Europe/Berlin', '2026-10-24T12:00:00Z')).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
      '2026-10-27T01:30Z',
    ]);
    expect(runs('0/30 * 25 10 ? 2026', 'Europe/Berlin', '2026-10-25T00:10:00Z')).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T02:00Z',
      '2026-10-25T02:30Z',
    ]);
    // Asked between the two.
    expect(runs('30 2 * * ? *', 'Europe/Berlin', '2026-10-25T01:00:00Z', 1)).toEqual(['2026-10-26T01:30Z']);
  });

  it('after the time that was asked for, not at it', () => {
    expect(runs('0 2 * * ? *', 'UTC', '2026-01-15T02:00:00Z', 1)).toEqual(['2026-01-16T02:00Z']);
    expect(runs('0 2 * * ? *', 'UTC', '2026-01-15T01:59:59.999Z', 1)).toEqual(['2026-01-15T02:00Z']);
  });

  it('by every part of a list', () => {
    expect(runs('0 2 L,15W,3 2 ? *', 'UTC', '2026-01-15T02:00:00Z', 4)).toEqual([
      ...['2026-02-03T02:00Z', '2026-02-16T02:00Z', '2026-02-28T02:00Z', '2027-02-03T02:00Z'],
    ]);
  });
});
