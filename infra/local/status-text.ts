import stringWidth from 'string-width';
import type { StackStatus } from './stack-status.ts';
import { type StatusTable, statusHeadline, statusTables } from './status-tables.ts';

/** A stack's status for a terminal. */
export const statusText = (status: StackStatus): string =>
  [statusHeadline(status), ...statusTables(status).map(tableText)].join('\n\n');

function tableText({ title, columns, rows, empty }: StatusTable): string {
  if (rows.length === 0) return `${title}\n  ${empty}`;
  // Of an error its first line; its stack is in the log, and on the page.
  const lines = [columns, ...rows.map((row) => row.map((cell) => cell.split('\n')[0] ?? ''))];
  const widths = columns.map((_column, index) => Math.max(...lines.map((line) => stringWidth(line[index] ?? ''))));
  const text = lines.map((line) =>
    line.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - stringWidth(cell))).join('  '),
  );
  return [title, ...text.map((line) => `  ${line.trimEnd()}`)].join('\n');
}
