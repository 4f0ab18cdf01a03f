import { describe, expect, it } from 'vitest';
import { type Column, tableLines } from '../../../cli/table.ts';
import { PLAIN } from '../../../cli/text.ts';

const COLUMNS: readonly Column[] = [
  { header: 'ID' },
  { header: 'NAME', minWidth: 6 },
  { header: 'TIME', align: 'right' },
  { header: 'NOTE' },
];
const ROWS = [
  ['order-1', '日本語の名前', '1.2 s', ''],
  ['x', 'short', '12 min 5 s', 'late'],
];

describe('a table', () => {
  it('has its columns below each other by what they take on the screen, numbers on the right', () => {
    expect(tableLines(COLUMNS, ROWS, { palette: PLAIN })).toEqual([
      'ID       NAME                TIME  NOTE',
      'order-1  日本語の名前       1.2 s',
      'x        short         12 min 5 s  late',
    ]);
  });

  it('cuts what may give way where the terminal is narrow, never what is to be copied', () => {
    const lines = tableLines(COLUMNS, ROWS, { palette: PLAIN, columns: 36 });

    expect(lines).toEqual([
      'ID       NAME            TIME  NOTE',
      'order-1  日本語…        1.2 s',
      'x        short     12 min 5 s  late',
    ]);
  });

  it('is never cut below its bound, and not at all without a terminal', () => {
    expect(tableLines(COLUMNS, ROWS, { palette: PLAIN, columns: 10 })[1]).toBe('order-1  日本…        1.2 s');
    expect(tableLines(COLUMNS, [['x', 'n'.repeat(200), '', '']], { palette: PLAIN })[1]).toContain('n'.repeat(200));
  });

  it('styles cells after it has filled them up', () => {
    const starred = { text: 'a', style: (text: string) => `*${text}*` };

    expect(tableLines([{ header: 'ABC' }, { header: 'D' }], [[starred, 'd']], { palette: PLAIN })[1]).toBe('*a  *  d');
  });
});
