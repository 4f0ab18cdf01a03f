import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../cli/display-width.ts';
import { PLAIN, paletteFor } from '../../../cli/text.ts';
import { type ChartOptions, chartLines } from '../../../cli/timeline/chart.ts';
import { axisLines, tickLabel } from '../../../cli/timeline/time-axis.ts';
import type { Span, TimelineRow } from '../../../cli/timeline/timeline-row.ts';
import { START } from './progress-fixtures.ts';
import { aTestIo } from './test-io.ts';

/** `queued 5-12`, counted from the start. */
const spans = (...texts: readonly string[]): Span[] =>
  texts.map((text) => {
    const [, kind = '', from, to] = /^(\w+) (\d+)-(\d+)$/.exec(text) ?? [];
    return { kind: kind as Span['kind'], fromMs: START + Number(from), toMs: START + Number(to) };
  });
const aRow = (nodeId: string, overrides: Partial<TimelineRow>): TimelineRow => ({
  ...{ nodeId, visit: 1, run: 1, status: 'SUCCEEDED', source: 'handler', attempts: 1, isLate: false },
  spans: [],
  ...overrides,
});
const ROWS = [
  aRow('validate', { spans: spans('queued 0-250', 'running 250-400') }),
  aRow('charge', {
    ...{ status: 'FAILED', attempts: 3, error: { name: 'GatewayBusy', message: 'no' } },
    spans: spans('failed 400-500', 'backoff 500-1500', 'failed 1500-1600', 'backoff 1600-3600', 'failed 3600-3700'),
  }),
  aRow('reserve', { spans: spans('queued 400-1000', 'running 1000-1001') }),
  aRow('refund', { status: 'SKIPPED', source: 'engine', spans: spans('running 3700-3700') }),
  aRow('poll', { visit: 12, source: 'fallback', spans: spans('running 3700-4000') }),
  aRow('ship', { status: 'RUNNING', spans: spans('open 3700-4000') }),
];
const chart = (overrides: Partial<ChartOptions> = {}, rows: readonly TimelineRow[] = ROWS): string[] =>
  chartLines(rows, {
    ...{ palette: PLAIN, width: 72, fromMs: START, toMs: START + 4_000, originMs: START },
    critical: new Set(['validate', 'charge', 'poll']),
    ...overrides,
  });

describe('a Gantt chart', () => {
  it('tells queued, running, failed and waiting apart by its characters, and marks the critical path', () => {
    expect(chart()).toEqual([
      '             0 ms    1 s      2 s      3 s     4 s',
      '             ┬───────┬────────┬────────┬───────┬',
      '✓◆ validate  ··██                                 400 ms',
      '✗◆ charge       ▒▒╌╌╌╌╌╌╌╌▒╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▒▒     3.3 s  ×3 GatewayBusy',
      '✓  reserve      ·····█                            601 ms',
      '–  refund                                                 skipped',
      '✓◆ poll #12                                  ███  300 ms  fallback',
      '…  ship                                      ░░░  300 ms  under way',
      '',
      '· queued   █ running   ▒ failed   ╌ backoff   ░ queued or running',
      '◆ critical path   ×n attempts',
    ]);
  });

  it.each([40, 60, 80, 120, 300])('is never wider than %i columns, colours not counted', (width) => {
    const palette = paletteFor({ ...aTestIo().stderr, isTTY: true } as never, {});
    const long = aRow('a-node-whose-name-is-longer-than-there-is-room-for', {
      visit: 123,
      spans: spans('running 0-4000'),
    });

    const lines = chart({ palette, width }, [...ROWS, long]).map(stripVTControlCharacters);

    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(lines.find((line) => line.includes('a-node'))).toMatch(/… #123 {2}█+ /);
  });

  it('shows what ran for no time at all, and nothing beyond its range', () => {
    const [, , short, outside] = chart({ toMs: START + 4_000_000 }, [
      aRow('short', { spans: spans('running 2000000-2000000') }),
      aRow('outside', { spans: spans('running 4100000-4200000') }),
    ]);

    expect(short).toMatch(/^✓ {2}short {4,}█ /);
    expect(outside).not.toContain('█');
  });

  it('leaves out notes where bars would have no room', () => {
    expect(chart({ width: 40 }).join('\n')).not.toContain('GatewayBusy');
  });
});

describe('a time axis', () => {
  const axis = (rangeMs: number, width: number, originMs = 0) =>
    axisLines({ fromMs: originMs, toMs: originMs + rangeMs, width }, originMs, width + 8);

  it.each([
    [0, 40, '0 ms'],
    [3, 60, '0 ms                1 ms                2 ms               3 ms'],
    [950, 60, '0 ms        200 ms       400 ms      600 ms       800 ms'],
    [1_300, 60, '0 ms     200 ms   400 ms   600 ms   800 ms    1.0 s    1.2 s'],
    [65_000, 50, '0 ms   10 s    20 s    30 s   40 s    50 s    1 min'],
    [7_500_000, 50, '0 ms                    1 h                     2 h'],
    [400_000_000, 50, '0 ms      1 d        2 d        3 d        4 d'],
  ])('over %i ms in %i columns has round times', (rangeMs, width, labels) => {
    expect(axis(rangeMs, width)[0]).toBe(labels);
  });

  it('counts from the start of the execution, though it begins later', () => {
    const [labels, ruler] = axisLines({ fromMs: 61_300, toMs: 62_100, width: 40 }, 0, 48);

    expect(labels).toMatch(/1 min 1\.5 s +1 min 2\.0 s/);
    expect(ruler).toHaveLength(40);
  });

  it.each([
    [1_250, 50, '1.25 s'],
    [1_250, 10, '1.25 s'],
    [1_255, 5, '1.255 s'],
    [59_000, 1_000, '59 s'],
    [90_000, 30_000, '1 min 30 s'],
    [3_660_000, 60_000, '1 h 1 min'],
    [3_661_000, 1_000, '1 h 1 min 1 s'],
    [100_800_000, 10_800_000, '1 d 4 h'],
    [-1_500, 500, '-1.5 s'],
  ])('%i ms, by steps of %i, is %s', (ms, stepMs, text) => {
    expect(tickLabel(ms, stepMs)).toBe(text);
  });

  it('labels never run into each other, whatever the range', () => {
    for (let rangeMs = 1; rangeMs < 10 ** 12; rangeMs = Math.ceil(rangeMs * 1.37)) {
      for (const width of [10, 33, 80]) {
        const [labels, ruler] = axis(rangeMs, width, 17);
        expect(labels.length).toBeLessThanOrEqual(width + 8);
        expect(ruler).toMatch(/^[┬─]+$/);
        expect(labels).not.toMatch(/[a-z]\d/);
      }
    }
  });
});
