import { describe, expect, it } from 'vitest';
import { type Figure, Run, toFigure } from '../../bench/figures.ts';
import { GOALS } from '../../bench/report/goals.ts';
import { performancePage } from '../../bench/report/performance-page.ts';
import { svgChart } from '../../bench/report/svg-chart.ts';
import { figureRow, toText } from '../../bench/report/table.ts';

const latency = (p50: number, floor: number): Figure =>
  toFigure({ suite: 'local', workload: 'chain:10', what: 'latency', unit: 'ms', samples: [p50], floor: [floor] });

const throughput = (who: string, perSecond: number | undefined): Figure =>
  toFigure({
    suite: 'peers',
    who,
    workload: 'chain:10',
    what: 'throughput, 32 at once',
    unit: '/s',
    samples: perSecond === undefined ? [] : [perSecond],
  });

const standing = (id: string, figures: readonly Figure[]) => GOALS.find((goal) => goal.id === id)?.standing(figures);

function aRun(figures: readonly Figure[] = [latency(3, 2)], { loadBefore = 0.1 } = {}): Run {
  return Run.parse({
    v: 1,
    at: '2026-01-02T03:04:05.000Z',
    tookSeconds: 600,
    advance: 'eager',
    command: 'npm run bench -- --suite all',
    machine: {
      cpu: 'a processor',
      cores: 2,
      memoryGb: 8,
      system: 'Linux 6',
      disk: '/tmp (ext4)',
      node: 'v24',
      sqlite: '3',
      fanjoin: '0.1.0',
      commit: 'abc',
      loadBefore,
      commitMs: { count: 1, min: 1, p50: 1, p90: 1, p99: 1, max: 1, mad: 0 },
    },
    figures,
    wrong: [],
  });
}

describe('a goal', () => {
  it('is met or not by the ratio of medians of the same run', () => {
    expect(standing('chain', [latency(3, 2)])).toEqual({ measured: '3 ms, floor 2: × 1.50', isMet: true });
    expect(standing('chain', [latency(3.1, 2)])?.isMet).toBe(false);
  });

  it('against a peer takes both from the same suite', () => {
    const ours = throughput('fanjoin', 800);

    expect(standing('chain-together', [ours, throughput('Restate', 100)])?.isMet).toBe(true);
    expect(standing('chain-together', [ours, throughput('Restate', 101)])?.isMet).toBe(false);
  });

  it('is neither where something of it was not measured', () => {
    const missing = throughput('Restate', undefined);

    expect(standing('chain-together', [throughput('fanjoin', 800), missing])?.isMet).toBeUndefined();
    const compiled = toFigure({
      suite: 'local',
      workload: 'layered:10000',
      what: 'compile',
      unit: 'ms',
      samples: [40],
    });
    expect(standing('decide', [compiled])).toEqual({
      measured: '40 ms; the rest not measured in this run',
      isMet: undefined,
    });
    expect(GOALS.every(({ standing: of }) => of([]).isMet === undefined)).toBe(true);
  });
});

describe('the page', () => {
  it('tells the reason of a goal that is not met, and of no other', () => {
    const log = { changes: [], reasons: { chain: 'the disk is slow', idle: 'never told' } };

    const page = performancePage(aRun([latency(9, 2)]), log);

    expect(page).toContain('not met (why: below)');
    expect(page).toContain('the disk is slow');
    expect(page).not.toContain('never told');
  });

  it('says that a machine was busy', () => {
    const log = { changes: [], reasons: {} };

    expect(performancePage(aRun(undefined, { loadBefore: 3 }), log)).toContain('**The machine was busy**');
    expect(performancePage(aRun(), log)).not.toContain('busy');
  });
});

describe('figures', () => {
  it('that could not be measured say why, in a row of their own', () => {
    const missing = toFigure({
      suite: 'peers',
      who: 'DBOS',
      workload: 'chain:10',
      what: 'latency',
      unit: 'ms',
      samples: undefined,
      note: 'PostgreSQL is not there',
    });

    expect(figureRow(missing)).toEqual(['DBOS: chain:10', 'latency', 'not measured: PostgreSQL is not there']);
  });

  it('are written with three digits that count', () => {
    expect([0.12345, 1.2345, 12.345, 123.45, 12_345.6, 7].map(toText)).toEqual([
      '0.123',
      '1.23',
      '12.3',
      '123',
      '12,346',
      '7',
    ]);
  });

  it('make a chart that is well-formed, whatever their names are', () => {
    const chart = svgChart('<a & "b">', [latency(1, 2), latency(0, 0), { ...latency(5_000, 1), workload: 'x<y' }]);

    expect(chart).toContain('&lt;a &amp; &quot;b&quot;&gt;');
    expect(chart).toContain('x&lt;y');
    expect(chart).not.toMatch(/NaN|Infinity|undefined/);
  });
});
