import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bar, fitLine, rowsTaken } from '../../../cli/progress/fit-line.ts';
import { liveFrame } from '../../../cli/progress/live-frame.ts';
import { PLAIN, paletteFor } from '../../../cli/text.ts';
import type { ExecutionDescription } from '../../../shared/executor/description.ts';
import { aDescription, aPlan, PLAN, START } from './progress-fixtures.ts';
import { aTestIo } from './test-io.ts';

const size = { columns: 100, rows: 30, nowMs: START + 4_200, palette: PLAIN };
const maps = { check: { items: 322, chunks: 13, settledChunks: 5, failedItems: 2 } };

function frame(description: ExecutionDescription, overrides: Partial<typeof size> = {}, plan = PLAN): string[] {
  return liveFrame(
    { description, plan, runningSinceMs: new Map([['check', START + 1_000]]) },
    { ...size, ...overrides },
  );
}

describe('the live frame', () => {
  it('shows counts, what runs and for how long, and maps with a bar', () => {
    const description = aDescription({ progress: { succeeded: 1, running: ['check', 'sizes'], maps } });

    expect(frame(description)).toEqual([
      '⠹ example  ━━━━━───────────────  1/4 nodes  4.2 s',
      '  ⠹ check  ━━━━━━━─────────────  125/322  2 failed  3.2 s',
      '  ⠹ sizes  0 ms',
    ]);
  });

  it('leaves out the bars where there is no room, and cuts what is too long', () => {
    const description = aDescription({ progress: { succeeded: 1, failed: 1, skipped: 1, running: ['check'], maps } });

    const lines = frame(description, { columns: 30 });

    expect(lines).toEqual(['⠹ example  3/4 nodes  1 fail…', '  ⠹ check  125/322  2 failed…']);
  });

  it.each([1, 2, 3, 4, 5, 24])('is never higher than a terminal of %i lines', (rows) => {
    const running = Array.from({ length: 100 }, (_, index) => `node${index}`);

    const lines = frame(aDescription({ progress: { nodes: 10_000, running } }), { rows });

    expect(lines.length).toBeLessThan(Math.max(2, rows));
    if (lines.length > 1) expect(lines.at(-1)).toMatch(/^ {2}… and \d+ or more others$/);
  });

  it.each([1, 20, 59, 60, 200])('is never wider than %i columns, colours not counted', (columns) => {
    const palette = paletteFor({ ...aTestIo().stderr, isTTY: true } as never, {});
    const running = ['check', 'a-node-whose-name-is-much-longer-than-there-is-room-for-it-in-any-terminal'];

    const lines = frame(aDescription({ progress: { running, maps } }), { columns, palette });

    for (const line of lines)
      expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(Math.max(10, columns - 1));
  });

  it('of a loop counts without a total', () => {
    const loop = aPlan({ a: { handler: 'a', next: 'b' }, b: { handler: 'b', next: 'a' } }, { strategy: 'conditional' });

    expect(frame(aDescription({ progress: { succeeded: 1 } }, loop), {}, loop)).toEqual([
      '⠹ example  1 nodes done  4.2 s',
    ]);
  });

  it('says that it stops or pauses', () => {
    expect(frame(aDescription({ isStopping: true }))[0]).toMatch(/stopping$/);
    expect(frame(aDescription({ status: 'PAUSED' }))[0]).toMatch(/pausing$/);
  });
});

describe('a bar', () => {
  it.each([
    [0, 4, '────'],
    [1, 4, '━───'],
    [399, 400, '━━━─'],
    [4, 4, '━━━━'],
    [0, 0, '━━━━'],
  ])('%i of %i is %s', (done, total, expected) => {
    const { filled, rest } = bar(done, total, 4);

    expect(filled + rest).toBe(expected);
  });
});

it('a line is cut by its text, not by its styles', () => {
  const star = (text: string): string => `*${text}*`;

  expect(
    fitLine(
      [
        { text: 'abc', style: star },
        { text: 'def', style: star },
      ],
      5,
    ),
  ).toBe('*abc**d*…');
});

it.each([
  [80, 3],
  [40, 3],
  [39, 4],
  [20, 5],
  [19, 7],
])('on %i columns its lines take %i rows', (columns, rows) => {
  const lines = [`\u001b[32m${'x'.repeat(40)}\u001b[39m`, '', 'y'.repeat(39)];

  expect(rowsTaken(lines, columns)).toBe(rows);
});
