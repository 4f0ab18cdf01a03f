import { cutToWidth, displayWidth, padToWidth } from '../display-width.ts';
import { nodeName } from '../node-name.ts';
import { formatDuration, oneLine, type Palette, type Style } from '../text.ts';
import { axisLines, columnAt, type Scale } from './time-axis.ts';
import { endOf, type Span, type SpanKind, startOf, type TimelineRow } from './timeline-row.ts';

export interface ChartOptions {
  readonly palette: Palette;
  /** Columns that a line may take. */
  readonly width: number;
  /** The time shown, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What the times above the chart are counted from. */
  readonly originMs: number;
  /** Ids of the nodes of the critical path. */
  readonly critical: ReadonlySet<string>;
}

/** Told apart by themselves, not only by their colours. */
const GLYPHS: Readonly<Record<SpanKind, string>> = {
  queued: '·',
  running: '█',
  failed: '▒',
  backoff: '╌',
  open: '░',
};
const MEANINGS: Readonly<Record<SpanKind, string>> = {
  queued: 'queued',
  running: 'running',
  failed: 'failed',
  backoff: 'backoff',
  open: 'queued or running',
};
/** Where several fall into one column, the later here is shown. */
const ORDER: readonly SpanKind[] = ['queued', 'backoff', 'open', 'failed', 'running'];
const LEGEND: readonly SpanKind[] = ['queued', 'running', 'failed', 'backoff', 'open'];
const LEGEND_GAP = '   ';
const CRITICAL = '◆';
const MARKS = { SUCCEEDED: '✓', FAILED: '✗', SKIPPED: '–', RUNNING: '…' } as const;

const MIN_BAR_WIDTH = 10;
const MIN_NAME_WIDTH = 6;
const MAX_NAME_WIDTH = 32;
const MAX_ERROR_WIDTH = 20;
/** Of the line, for names. */
const NAME_SHARE = 0.3;
const GAP = '  ';

/** A Gantt chart: a time axis, a row for each visit, and what the characters mean. */
export function chartLines(rows: readonly TimelineRow[], options: ChartOptions): string[] {
  const layout = layoutOf(rows, options);
  const { nameWidth, barWidth, tookWidth, noteWidth } = layout;
  const { palette, fromMs, toMs, originMs } = options;
  const scale = { fromMs, toMs, width: barWidth };
  const indent = ' '.repeat(3 + nameWidth + GAP.length);
  const room = barWidth + GAP.length + tookWidth + (noteWidth > 0 ? GAP.length + noteWidth : 0);
  const [labels, ruler] = axisLines(scale, originMs, room);
  return [
    indent + palette.dim(labels),
    indent + palette.dim(ruler),
    ...rows.map((row) => rowText(row, scale, layout, options)),
    '',
    ...legendLines(rows, options),
  ];
}

interface Layout {
  readonly nameWidth: number;
  readonly barWidth: number;
  readonly tookWidth: number;
  /** 0: there is no room for notes, or there are none. */
  readonly noteWidth: number;
}

function layoutOf(rows: readonly TimelineRow[], { width }: ChartOptions): Layout {
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(displayWidth));
  const nameRoom = Math.max(MIN_NAME_WIDTH, Math.min(MAX_NAME_WIDTH, Math.floor(width * NAME_SHARE)));
  const nameWidth = Math.min(nameRoom, widest(rows.map((row) => nodeName(row))));
  const tookWidth = widest(rows.map(tookOf));
  const rest = width - 3 - nameWidth - GAP.length - GAP.length - tookWidth;
  const wanted = widest(rows.map(noteOf));
  const noteWidth = wanted > 0 && rest - GAP.length - wanted >= MIN_BAR_WIDTH ? wanted : 0;
  const barWidth = Math.max(MIN_BAR_WIDTH, rest - (noteWidth > 0 ? GAP.length + noteWidth : 0));
  return { nameWidth, barWidth, tookWidth, noteWidth };
}

function rowText(row: TimelineRow, scale: Scale, layout: Layout, { palette, critical }: ChartOptions): string {
  const isCritical = critical.has(row.nodeId) && !row.isLate;
  const name = padToWidth(nodeName(row, layout.nameWidth), layout.nameWidth);
  return [
    `${markOf(row, palette)}${isCritical ? palette.accent(CRITICAL) : ' '} ${isCritical ? palette.bold(name) : name}`,
    barOf(row, scale, palette),
    palette.dim(padToWidth(tookOf(row), layout.tookWidth, 'right')),
    ...(layout.noteWidth > 0 ? [palette.dim(noteOf(row))] : []),
  ]
    .join(GAP)
    .trimEnd();
}

function markOf({ status }: TimelineRow, palette: Palette): string {
  const mark = MARKS[status];
  if (status === 'SUCCEEDED') return palette.good(mark);
  if (status === 'FAILED') return palette.bad(mark);
  return status === 'RUNNING' ? palette.accent(mark) : palette.dim(mark);
}

/** From its dispatch to its end, or until now. */
const tookOf = (row: TimelineRow): string =>
  row.status === 'SKIPPED' ? '' : formatDuration(endOf(row) - startOf(row));

function noteOf({ attempts, source, status, error, isLate, spans }: TimelineRow): string {
  return [
    ...(attempts > 1 ? [`×${attempts}`] : []),
    ...(source === 'fallback' || source === 'catch' || source === 'cache' ? [NOTES[source]] : []),
    ...(status === 'SKIPPED' ? ['skipped'] : []),
    ...(status === 'RUNNING' ? [spans.at(-1)?.kind === 'backoff' ? 'in backoff' : 'under way'] : []),
    ...(status === 'FAILED' && error !== undefined ? [cutToWidth(oneLine(error.name), MAX_ERROR_WIDTH)] : []),
    ...(isLate ? ['late'] : []),
  ].join(' ');
}

const NOTES = { fallback: 'fallback', catch: 'caught', cache: 'cached' } as const;

function barOf(row: TimelineRow, scale: Scale, palette: Palette): string {
  const cells: (SpanKind | undefined)[] = Array.from({ length: scale.width }, () => undefined);
  if (row.status !== 'SKIPPED') for (const kind of ORDER) for (const span of row.spans) paint(cells, span, kind, scale);
  let bar = '';
  for (let at = 0; at < cells.length; ) {
    const kind = cells[at];
    let end = at + 1;
    while (end < cells.length && cells[end] === kind) end++;
    bar += kind === undefined ? ' '.repeat(end - at) : styleOf(kind, palette)(GLYPHS[kind].repeat(end - at));
    at = end;
  }
  return bar;
}

function paint(cells: (SpanKind | undefined)[], { kind, fromMs, toMs }: Span, wanted: SpanKind, scale: Scale): void {
  if (kind !== wanted || toMs < scale.fromMs || fromMs > scale.toMs) return;
  const first = columnAt(scale, fromMs);
  // What ends where a column begins is not in it; yet what ran is seen, however short it was.
  const last = Math.max(first, columnAt(scale, toMs - 1));
  for (let column = first; column <= last; column++) cells[column] = kind;
}

function styleOf(kind: SpanKind, { good, bad, warn, dim, accent }: Palette): Style {
  return { queued: dim, running: good, failed: bad, backoff: warn, open: accent }[kind];
}

function legendLines(rows: readonly TimelineRow[], { palette, critical, width }: ChartOptions): string[] {
  const kinds = new Set(
    rows.flatMap(({ spans, status }) => (status === 'SKIPPED' ? [] : spans.map(({ kind }) => kind))),
  );
  const entries: (readonly [mark: string, meaning: string, style: Style])[] = [
    ...LEGEND.filter((kind) => kinds.has(kind)).map(
      (kind) => [GLYPHS[kind], MEANINGS[kind], styleOf(kind, palette)] as const,
    ),
    ...(rows.some(({ nodeId }) => critical.has(nodeId)) ? [[CRITICAL, 'critical path', palette.accent] as const] : []),
    ...(rows.some(({ attempts }) => attempts > 1) ? [['×n', 'attempts', palette.dim] as const] : []),
  ];
  const lines: string[] = [];
  let left = 0;
  for (const [mark, meaning, style] of entries) {
    const text = `${style(mark)} ${palette.dim(meaning)}`;
    const needed = mark.length + 1 + meaning.length;
    if (lines.length > 0 && left >= LEGEND_GAP.length + needed) {
      lines.push(`${lines.pop()}${LEGEND_GAP}${text}`);
      left -= LEGEND_GAP.length + needed;
    } else {
      lines.push(text);
      left = width - needed;
    }
  }
  return lines;
}
