import type { ExecutionEvent } from '../shared/observability/execution-event.ts';
import { displayWidth } from './display-width.ts';
import { nodeName } from './node-name.ts';
import { type Cell, type Column, rowLine } from './table.ts';
import { formatDuration, formatError, formatOffset, type Palette, plural, styleOfStatus } from './text.ts';

export interface EventTextOptions {
  readonly palette: Palette;
  /** What times are counted from. Absent: the first event. */
  readonly startedAtMs?: number | undefined;
  /** Of the terminal. Absent: nothing is cut. */
  readonly columns?: number | undefined;
}

const COLUMNS: readonly Column[] = [
  { header: 'TIME', align: 'right' },
  { header: 'EVENT' },
  { header: 'NODE' },
  { header: 'TRY', align: 'right' },
  { header: 'DETAIL' },
];
const GAPS = 2 * (COLUMNS.length - 1);
/** Of the column of nodes; without a terminal, a longer name pushes the rest of its line to the right. */
const MAX_NODE_WIDTH = 32;
/** Of a terminal. */
const NODE_SHARE = 0.25;
const MIN_DETAIL_WIDTH = 10;
/** `12.345 s`, and the longest type there is: what a first line does not have may come. */
const FIRST_WIDTHS = [8, 'NodeRetryScheduled'.length] as const;
/** Messages of errors, where no terminal cuts them. */
const MAX_ERROR_LENGTH = 300;

/**
 * Events as lines of a table that goes on as long as events come: columns grow with what is in them and never shrink,
 * so that nothing has to be kept.
 */
export class EventTable {
  readonly #options: EventTextOptions;
  #startedAtMs: number | undefined;
  readonly #nodeWidth: number;
  #widths = COLUMNS.map(({ header }, index) => Math.max(header.length, FIRST_WIDTHS[index] ?? 0));

  constructor(options: EventTextOptions) {
    this.#options = options;
    this.#startedAtMs = options.startedAtMs;
    const { columns = Number.POSITIVE_INFINITY } = options;
    this.#nodeWidth = Math.min(MAX_NODE_WIDTH, Math.floor(columns * NODE_SHARE));
  }

  /** Stands above the first line; the events that follow say how wide the columns are. */
  header(events: readonly ExecutionEvent[]): string {
    this.#fit(events.map((event) => this.#cells(event)));
    return this.#options.palette.dim(
      rowLine(
        COLUMNS,
        this.#widths,
        COLUMNS.map(({ header }) => header),
      ),
    );
  }

  lines(events: readonly ExecutionEvent[]): string[] {
    const rows = events.map((event) => this.#cells(event));
    this.#fit(rows);
    return rows.map((row) => {
      const widths = [...this.#widths];
      widths[2] = Math.max(widths[2] ?? 0, widthOf(row[2]));
      const { columns } = this.#options;
      const taken = widths.slice(0, -1).reduce((sum, width) => sum + width, GAPS);
      widths[4] = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(MIN_DETAIL_WIDTH, columns - 1 - taken);
      return rowLine(COLUMNS, widths, row);
    });
  }

  #fit(rows: readonly (readonly Cell[])[]): void {
    for (const row of rows) {
      this.#widths[0] = Math.max(this.#widths[0] ?? 0, widthOf(row[0]));
      this.#widths[2] = Math.max(this.#widths[2] ?? 0, Math.min(this.#nodeWidth, widthOf(row[2])));
    }
  }

  #cells(event: ExecutionEvent): Cell[] {
    const { palette } = this.#options;
    this.#startedAtMs ??= event.atMs;
    const node =
      'nodeId' in event ? nodeName(event, this.#options.columns === undefined ? undefined : this.#nodeWidth) : '';
    return [
      { text: formatOffset(event.atMs - this.#startedAtMs), style: palette.dim },
      { text: event.type, style: styleOf(event, palette) },
      node,
      attemptOf(event),
      detailOf(event),
    ];
  }
}

const widthOf = (cell: Cell | undefined): number =>
  displayWidth(cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text);

function styleOf(event: ExecutionEvent, palette: Palette): (text: string) => string {
  switch (event.type) {
    case 'NodeSucceeded':
      return palette.good;
    case 'NodeFailed':
      return palette.bad;
    case 'NodeRetryScheduled':
    case 'ExecutionPaused':
    case 'ExecutionStopping':
      return palette.warn;
    case 'NodeSkipped':
    case 'NodeStarted':
    case 'ChunkSettled':
      return palette.dim;
    case 'ExecutionEnded':
      return styleOfStatus(event.status, palette);
    default:
      return palette.accent;
  }
}

function attemptOf(event: ExecutionEvent): string {
  if ('attempt' in event) return String(event.attempt);
  return 'attempts' in event ? String(event.attempts) : '';
}

function detailOf(event: ExecutionEvent): string {
  const chunk = 'chunk' in event && event.chunk !== undefined ? [`chunk ${event.chunk}`] : [];
  return [...chunk, ...partsOf(event)].join(', ');
}

function partsOf(event: ExecutionEvent): string[] {
  switch (event.type) {
    case 'ExecutionStarted':
      return [
        event.workflow,
        ...(event.cachedFrom === undefined ? [] : [`with the output of ${event.cachedFrom}`]),
        ...(event.checkpointId === undefined ? [] : [`from the checkpoint ${event.checkpointId}`]),
      ];
    case 'NodeRetryScheduled':
      return [
        `again in ${formatDuration(event.nextAttemptAtMs - event.atMs)}`,
        formatError(event.error, MAX_ERROR_LENGTH),
      ];
    case 'NodeSucceeded': {
      const how = HOW[event.source];
      return [
        formatDuration(event.durationMs),
        ...(how === undefined ? [] : [how]),
        ...(event.error === undefined ? [] : [formatError(event.error, MAX_ERROR_LENGTH)]),
      ];
    }
    case 'NodeFailed':
      return [formatError(event.error, MAX_ERROR_LENGTH)];
    case 'NodeSkipped':
      return ['its runIf was false'];
    case 'MapPlanned':
      return [`${plural(event.items, 'item')} in ${plural(event.chunks, 'chunk')}`];
    case 'ChunkSettled':
      return [
        formatDuration(event.durationMs),
        ...(event.failedItems === 0 ? [] : [`${plural(event.failedItems, 'item')} failed`]),
      ];
    case 'ExecutionRedriven':
      return [`run ${event.run}`];
    case 'ExecutionStopping':
      return [event.reason];
    case 'ExecutionEnded':
      return [
        `${event.status} after ${formatDuration(event.durationMs)}`,
        ...(event.error === undefined
          ? []
          : [
              `${event.failedNode === undefined ? '' : `${event.failedNode}: `}${formatError(event.error, MAX_ERROR_LENGTH)}`,
            ]),
      ];
    default:
      return [];
  }
}

const HOW: Readonly<Record<string, string>> = { fallback: 'by its fallback', catch: 'caught', cache: 'cached' };
