import type { Figure } from '../figures.ts';

const HEADS = ['workload', 'what', 'p50', 'p90', 'p99', '± MAD', 'unit', 'runs', 'floor p50', '× floor'] as const;

/** Figures as rows of text, in the columns of {@link HEADS}; of what could not be measured, why. */
export function figureRow({ who, workload, what, unit, summary, floor, note }: Figure): string[] {
  const name = who === 'fanjoin' ? workload : `${who}: ${workload}`;
  if (summary === undefined) return [name, what, `not measured: ${note ?? 'nobody said why'}`];
  const { p50, p90, p99, mad, count } = summary;
  const times = floor === undefined ? '' : (p50 / floor.p50).toFixed(2);
  const numbers = [p50, p90, p99, mad].map(toText);
  return [name, what, ...numbers, unit, String(count), floor === undefined ? '' : toText(floor.p50), times];
}

/** Three digits that count. */
export function toText(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const WIDTHS = [34, 28, 10, 10, 10, 9, 14, 6, 10, 8];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, column) => {
      const width = WIDTHS[column] ?? 0;
      return column < 2 || column === 6 ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(' ')
    .trimEnd();

/** For a terminal. */
export const textHead = (): string => line(HEADS);
export const textRow = (figure: Figure): string => {
  const cells = figureRow(figure);
  return figure.summary === undefined ? `${line(cells.slice(0, 2)).padEnd(64)} ${cells[2]}` : line(cells);
};

/** For a page. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[], textColumns = 2): string {
  const row = (cells: readonly string[]) =>
    `| ${heads.map((_head, column) => (cells[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = heads.map((_head, column) => (column < textColumns ? '---' : '--:'));
  return [row(heads), row(rule), ...rows.map(row)].join('\n');
}

export const markdownFigures = (figures: readonly Figure[]): string => markdownTable(HEADS, figures.map(figureRow));
