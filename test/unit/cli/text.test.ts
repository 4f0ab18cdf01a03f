import { describe, expect, it } from 'vitest';
import { commandFor } from '../../../cli/suggest.ts';
import { summaryLines } from '../../../cli/summary.ts';
import { formatDuration, oneLine, PLAIN, paletteFor, shownPath } from '../../../cli/text.ts';
import type { ExecutionDescription } from '../../../shared/executor/description.ts';
import { aDescription, PLAN, START } from './progress-fixtures.ts';

it.each([
  [0, '0 ms'],
  [-5, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [125_000, '2 min 5 s'],
  [3_599_600, '1 h 0 min'],
  [3_780_000, '1 h 3 min'],
])('%d ms read as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it('text from outside loses what could rewrite the terminal, and its excess', () => {
  expect(oneLine('a\r\n\tb \u001b[2Jc\u0007\u009b1m\u0000d')).toBe('a b c d');
  expect(oneLine('x'.repeat(400))).toBe(`${'x'.repeat(299)}…`);
});

it('paths are relative to where one is, unless they lie outside', () => {
  expect(shownPath('/home/me/shop/workflow.ts', '/home/me')).toBe('shop/workflow.ts');
  expect(shownPath('/opt/workflow.ts', '/home/me')).toBe('/opt/workflow.ts');
});

it.each([
  [{}, 'fanjoin resume x'],
  [{ database: '.fanjoin/fanjoin.db' }, 'fanjoin resume x'],
  [{ database: `my file's.db` }, `fanjoin resume x --database 'my file'\\''s.db'`],
  [{ endpoint: 'http://127.0.0.1:4000' }, 'fanjoin resume x --endpoint http://127.0.0.1:4000'],
])('a suggested command leads to the same place: %j', (place, command) => {
  expect(commandFor('resume', 'x', place)).toBe(command);
});

describe('colours', () => {
  const terminal = { isTTY: true } as NodeJS.WriteStream;

  it('are for terminals, where NO_COLOR is not set', () => {
    expect(paletteFor(terminal, {}).good('x')).toBe('\u001b[32mx\u001b[39m');
    expect(paletteFor(terminal, { NO_COLOR: '' }).good('x')).not.toBe('x');
    expect(paletteFor(terminal, { NO_COLOR: '1' }).good('x')).toBe('x');
    expect(paletteFor(terminal, { TERM: 'dumb' }).good('x')).toBe('x');
    expect(paletteFor({ isTTY: false } as NodeJS.WriteStream, {}).good('x')).toBe('x');
  });
});

describe('the summary', () => {
  const summary = (overrides: Parameters<typeof aDescription>[0]): string[] => {
    const description: ExecutionDescription = aDescription({ endedAtMs: START + 1_234, ...overrides });
    return summaryLines(description, { palette: PLAIN, nowMs: START + 9_000, plan: PLAN, place: {} });
  };

  it('of a success is one line', () => {
    expect(summary({ status: 'SUCCEEDED', progress: { succeeded: 4 } })).toEqual([
      '✓ example SUCCEEDED in 1.2 s · 4 nodes',
    ]);
    expect(summary({ status: 'SUCCEEDED', progress: { succeeded: 3, skipped: 1 } })).toEqual([
      '✓ example SUCCEEDED in 1.2 s · 3 of 4 nodes succeeded, 1 skipped',
    ]);
  });

  it('of a failure has the node, its error and what to do', () => {
    const error = { name: 'CardDeclined', message: 'The card was declined' };

    expect(summary({ status: 'FAILED', failedNode: 'check', error, progress: { succeeded: 1, failed: 1 } })).toEqual([
      '✗ example FAILED in 1.2 s · 1 of 4 nodes succeeded, 1 failed, 2 not run',
      '  check: CardDeclined: The card was declined',
      '  once that is mended, go on from there, by the same input, with: fanjoin redrive execution-1',
    ]);
  });

  it('keeps the lines of a message that has several', () => {
    const error = { name: 'E', message: 'two things:\n  a\n  b' };

    expect(summary({ status: 'FAILED', error }).slice(1, 4)).toEqual(['  E: two things:', '    a', '    b']);
  });

  it('of a pause says how to go on', () => {
    expect(summary({ status: 'PAUSED', endedAtMs: undefined, progress: { succeeded: 2 } })).toEqual([
      '‖ example PAUSED in 9.0 s · 2 of 4 nodes succeeded',
      '  go on with: fanjoin resume execution-1',
    ]);
  });
});
