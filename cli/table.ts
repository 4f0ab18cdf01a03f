import { cutToWidth, displayWidth, padToWidth } from './display-width.ts';
import type { Palette } from './text.ts';

export interface Column {
  readonly header: string;
  /** Default `left`; numbers stand on the right. */
  readonly align?: 'left' | 'right';
  /** Gives way where the terminal is too narrow, down to so many columns. Default: never, what is in it is to be copied whole. */
  readonly minWidth?: number;
}

/** What stands in a column; the style is put on after it is cut and filled up. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

export interface TableOptions {
  readonly palette: Palette;
  /** Of the terminal. Absent: nothing is cut. */
  readonly columns?: number | undefined;
}

const GAP = '  ';

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** Rows below a line of headers, each column as wide as what is in it. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { palette, columns: room }: TableOptions,
): string[] {
  const widths = fittedWidths(
    columns,
    columns.map(({ header }, index) =>
      Math.max(displayWidth(header), ...rows.map((row) => displayWidth(textOf(row[index] ?? '')))),
    ),
    room,
  );
  const headers = columns.map(({ header }) => ({ text: header, style: palette.dim }));
  return [headers, ...rows].map((row) => rowLine(columns, widths, row));
}

/** One row whose columns have the given widths. */
export const rowLine = (columns: readonly Column[], widths: readonly number[], row: readonly Cell[]): string =>
  columns
    .map(({ align }, index) => {
      const cell = row[index] ?? '';
      const width = widths[index] ?? 0;
      const text = cutToWidth(textOf(cell), width);
      // A line ends where its text does.
      const isLast = index === columns.length - 1 && align !== 'right';
      const filled = isLast ? text : padToWidth(text, width, align);
      return typeof cell === 'string' ? filled : cell.style(filled);
    })
    .join(GAP)
    .trimEnd();

function fittedWidths(columns: readonly Column[], widths: readonly number[], room: number | undefined): number[] {
  const fitted = [...widths];
  if (room === undefined) return fitted;
  // The last column of a terminal stays free: some wrap a line that fills it.
  let excess = fitted.reduce((sum, width) => sum + width, 0) + GAP.length * (fitted.length - 1) - (room - 1);
  for (const [index, { minWidth }] of columns.entries()) {
    if (minWidth === undefined || excess <= 0) continue;
    const width = fitted[index] ?? 0;
    const taken = Math.min(excess, Math.max(0, width - minWidth));
    fitted[index] = width - taken;
    excess -= taken;
  }
  return fitted;
}
