import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { PlaceOptions } from '../connect.ts';
import { cutToWidth } from '../display-width.ts';
import { commandFor } from '../suggest.ts';
import { formatCount, formatDuration, type Palette, plural, styleOfStatus } from '../text.ts';
import { chartLines } from './chart.ts';
import type { Timeline } from './read-timeline.ts';
import { endOf, startOf } from './timeline-row.ts';

export interface TimelineTextOptions {
  readonly palette: Palette;
  /** Columns that a line may take. */
  readonly width: number;
  readonly nowMs: number;
  readonly run: number;
}

/** A timeline for people: how the execution stands, the chart, what its longest way was. */
export function timelineLines(
  description: ExecutionDescription,
  timeline: Timeline,
  { palette, width, nowMs, run }: TimelineTextOptions,
): string[] {
  const { rows, criticalPath, takenOver } = timeline;
  const head = headLine(description, run, nowMs, palette);
  const { origin, cachedFrom } = description;
  if (rows.length === 0)
    return [
      head,
      '',
      cachedFrom === undefined ? 'No node of it has run yet.' : `It ran nothing: its output is that of ${cachedFrom}.`,
    ];
  return [
    head,
    '',
    ...chartLines(rows, {
      palette,
      width,
      ...rangeOf(description, timeline, run, nowMs),
      originMs: originOf(description, timeline, run),
      critical: new Set(criticalPath?.nodes),
    }),
    ...(criticalPath === undefined || criticalPath.nodes.length < 2
      ? []
      : [pathLine(criticalPath, description.endedAtMs === undefined, width, palette)]),
    ...(takenOver === 0
      ? []
      : [
          palette.dim(
            `${plural(takenOver, 'node')} had ended before, in ${origin?.executionId ?? 'another execution'}`,
          ),
        ]),
  ];
}

function headLine(
  { workflow, executionId, status, startedAtMs, endedAtMs, run: latest }: ExecutionDescription,
  run: number,
  nowMs: number,
  palette: Palette,
): string {
  const name = `${palette.bold(workflow)} ${executionId}`;
  if (run < latest) return `${name} run ${run} of ${latest}`;
  const time = formatDuration((endedAtMs ?? nowMs) - startedAtMs);
  const runs = latest === 1 ? '' : ` run ${latest},`;
  return `${name}${runs} ${styleOfStatus(status, palette)(status)} ${endedAtMs === undefined ? `for ${time}` : `in ${time}`}`;
}

/** A first run is counted from the start; when later ones began, their rows tell. */
const originOf = ({ startedAtMs }: ExecutionDescription, { rows }: Timeline, run: number): number =>
  run === 1 ? startedAtMs : Math.min(...rows.map(startOf));

/** All of the execution if all its rows are here, else the time of these rows. */
function rangeOf(
  { startedAtMs, endedAtMs, run: latest }: ExecutionDescription,
  { rows, total }: Timeline,
  run: number,
  nowMs: number,
): { fromMs: number; toMs: number } {
  const firstMs = Math.min(...rows.map(startOf));
  const lastMs = Math.max(...rows.map(endOf));
  if (rows.length < total) return { fromMs: firstMs, toMs: lastMs };
  return {
    fromMs: run === 1 ? Math.min(startedAtMs, firstMs) : firstMs,
    toMs: run === latest ? Math.max(endedAtMs ?? nowMs, lastMs) : lastMs,
  };
}

function pathLine(
  { nodes, durationMs }: NonNullable<Timeline['criticalPath']>,
  isOpen: boolean,
  width: number,
  palette: Palette,
): string {
  const label = `critical path${isOpen ? ' so far' : ''}, ${formatDuration(durationMs)}: `;
  const whole = nodes.join(' → ');
  const text = label + whole;
  return palette.dim(
    text.length < width ? text : cutToWidth(`${label}${plural(nodes.length, 'node')}, ${whole}`, width),
  );
}

/** Below the chart: which of the rows these are, and how to see the others; nothing if they are all. */
export function pageHint(
  { rows, total, before, next }: Timeline,
  executionId: string,
  { place, options }: { readonly place: PlaceOptions; readonly options: readonly string[] },
): string | undefined {
  if (rows.length === total) return undefined;
  const shown =
    rows.length === 0
      ? `no more of ${plural(total, 'row')}`
      : `rows ${formatCount(before + 1)}–${formatCount(before + rows.length)} of ${formatCount(total)}`;
  if (next === undefined) return shown;
  return `${shown}; next: ${commandFor('timeline', executionId, place, [...options, '--after', next])}`;
}
