import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from '../display-width.ts';

/** A piece of a line; the style is put on after the line is cut to its width. */
export interface Segment {
  readonly text: string;
  readonly style?: (text: string) => string;
}

const same = (text: string): string => text;

/** The segments as one line of at most `width` characters. Only for text of one column a character, as ids and numbers are. */
export function fitLine(segments: readonly Segment[], width: number): string {
  const total = segments.reduce((sum, { text }) => sum + text.length, 0);
  let left = total <= width ? total : width - 1;
  let line = '';
  for (const { text, style = same } of segments) {
    if (left <= 0) break;
    const part = text.slice(0, left);
    left -= part.length;
    line += style(part);
  }
  return total <= width ? line : `${line}…`;
}

/** `━━━━────────` */
export function bar(done: number, total: number, width: number): { readonly filled: string; readonly rest: string } {
  const share = total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
  // Full only when all is done.
  const filled = share === 1 ? width : Math.min(width - 1, Math.floor(share * width));
  return { filled: '━'.repeat(filled), rest: '─'.repeat(width - filled) };
}

/** How many rows lines take on a terminal of so many columns, which breaks what is longer. */
export const rowsTaken = (lines: readonly string[], columns: number): number =>
  lines.reduce((rows, line) => {
    const width = displayWidth(stripVTControlCharacters(line));
    return rows + Math.max(1, Math.ceil(width / Math.max(1, columns)));
  }, 0);
