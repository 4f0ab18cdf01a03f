import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter();
/** One column a character: Latin, Greek, Cyrillic, punctuation, arrows, boxes and blocks, which is nearly all there is. */
const NARROW =
  /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u259f]*$/;
/** Columns that text without styles takes on a terminal. */
export function displayWidth(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

/** The text in at most `width` columns; what is cut ends with `…`. */
export function cutToWidth(text: string, width: number): string {
  // No character takes more than two.
  if (2 * text.length <= width || displayWidth(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let left = width - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Fills up with spaces to `width` columns. */
export const padToWidth = (text: string, width: number, align: 'left' | 'right' = 'left'): string => {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
};
