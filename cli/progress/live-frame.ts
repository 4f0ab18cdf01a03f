import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import { formatCount, formatDuration, type Palette } from '../text.ts';
import { bar, fitLine, type Segment } from './fit-line.ts';
import { settledItems } from './node-line.ts';
import { endedNodes } from './snapshot.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_MS = 80;
const MAX_RUNNING_LINES = 12;
const MAX_ID_WIDTH = 28;
const BAR_WIDTH = 20;
/** Of a terminal, for bars to have room beside names and numbers. */
const COLUMNS_FOR_BARS = 60;

/** What a frame shows. */
export interface LiveState {
  readonly description: ExecutionDescription;
  readonly plan: Plan | undefined;
  /** When each running node was first seen to run. */
  readonly runningSinceMs: ReadonlyMap<string, number>;
}

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  readonly palette: Palette;
}

/** The lines at the bottom of a terminal while an execution runs; never more than fit on it. */
export function liveFrame(state: LiveState, options: FrameOptions): string[] {
  const { columns, rows } = options;
  // The last column stays free: some terminals wrap a line that fills it.
  const width = Math.max(10, columns - 1);
  const lines = Math.max(0, Math.min(MAX_RUNNING_LINES, rows - 3));
  const { running } = state.description.progress;
  const shown = running.length <= lines ? running : running.slice(0, Math.max(0, lines - 1));
  const idWidth = Math.min(MAX_ID_WIDTH, Math.max(0, ...shown.map((id) => id.length)));
  const hidden = running.length - shown.length;
  const more: Segment = {
    text: `  … and ${formatCount(hidden)}${running.length >= 100 ? ' or more' : ''} others`,
    style: options.palette.dim,
  };
  return [
    fitLine(headSegments(state, options), width),
    ...shown.map((id) => fitLine(runningSegments(id, idWidth, state, options), width)),
    ...(hidden > 0 && lines > 0 ? [fitLine([more], width)] : []),
  ];
}

const spinnerAt = (nowMs: number): string => SPINNER[Math.floor(nowMs / SPINNER_MS) % SPINNER.length] ?? '';

function headSegments({ description, plan }: LiveState, { columns, nowMs, palette }: FrameOptions): Segment[] {
  const { progress, workflow, startedAtMs, isStopping, status } = description;
  const mayLoop = plan?.kind === 'route';
  const ended = endedNodes(description);
  return [
    { text: `${spinnerAt(nowMs)} `, style: palette.accent },
    { text: workflow, style: palette.bold },
    // A loop's share of the whole is unknown.
    ...(mayLoop ? [] : barSegments(ended, progress.nodes, columns, palette)),
    {
      text: mayLoop
        ? `  ${formatCount(ended)} nodes done`
        : `  ${formatCount(ended)}/${formatCount(progress.nodes)} nodes`,
    },
    ...(progress.failed > 0 ? [{ text: `  ${formatCount(progress.failed)} failed`, style: palette.bad }] : []),
    ...(progress.skipped > 0 ? [{ text: `  ${formatCount(progress.skipped)} skipped`, style: palette.dim }] : []),
    { text: `  ${formatDuration(nowMs - startedAtMs)}`, style: palette.dim },
    ...(isStopping ? [{ text: '  stopping', style: palette.warn }] : []),
    ...(status === 'PAUSED' ? [{ text: '  pausing', style: palette.warn }] : []),
  ];
}

function runningSegments(
  id: string,
  idWidth: number,
  { description, plan, runningSinceMs }: LiveState,
  { columns, nowMs, palette }: FrameOptions,
): Segment[] {
  const map = description.progress.maps[id];
  const name = id.length > idWidth ? `${id.slice(0, idWidth - 1)}…` : id.padEnd(idWidth);
  const settled = map === undefined ? 0 : settledItems(id, map, plan);
  const elapsed = formatDuration(nowMs - (runningSinceMs.get(id) ?? nowMs));
  return [
    { text: `  ${spinnerAt(nowMs)} `, style: palette.accent },
    { text: name },
    ...(map === undefined
      ? []
      : [
          ...barSegments(settled, map.items, columns, palette),
          { text: `  ${formatCount(settled)}/${formatCount(map.items)}` },
        ]),
    ...(map !== undefined && map.failedItems > 0
      ? [{ text: `  ${formatCount(map.failedItems)} failed`, style: palette.bad }]
      : []),
    { text: `  ${elapsed}`, style: palette.dim },
  ];
}

function barSegments(done: number, total: number, columns: number, palette: Palette): Segment[] {
  if (columns < COLUMNS_FOR_BARS) return [];
  const { filled, rest } = bar(done, total, BAR_WIDTH);
  return [{ text: '  ' }, { text: filled, style: palette.good }, { text: rest, style: palette.dim }];
}
