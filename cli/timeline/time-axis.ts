const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Distances between ticks, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * DAY),
];

/** Between the labels of two ticks. */
const LABEL_GAP = 3;

/** The time that a chart shows, in milliseconds since the epoch, and the columns it has for that. */
export interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly width: number;
}

/** The column in which a moment lies: from 0 to below `width`. */
export const columnAt = ({ fromMs, toMs, width }: Scale, atMs: number): number =>
  Math.min(width - 1, Math.max(0, Math.floor(((atMs - fromMs) / Math.max(1, toMs - fromMs)) * width)));

/**
 * Two lines above a chart: times counted from `originMs`, and the ticks they stand at.
 * @param room columns the labels may take: the last one may reach beyond the chart
 */
export function axisLines(scale: Scale, originMs: number, room: number): [labels: string, ruler: string] {
  const { width } = scale;
  const ruler = Array.from({ length: width }, () => '─');
  let labels = '';
  for (const { column, label } of ticksOf(scale, originMs)) {
    if (column + label.length > room) continue;
    labels = labels.padEnd(column) + label;
    ruler[column] = '┬';
  }
  return [labels, ruler.join('')];
}

interface Tick {
  readonly column: number;
  readonly label: string;
}

/** As many as there is room for; at least the first. */
function ticksOf(scale: Scale, originMs: number): readonly Tick[] {
  for (const stepMs of STEPS) {
    // More ticks than columns need not be looked at.
    if ((scale.toMs - scale.fromMs) / stepMs > scale.width) continue;
    const ticks = ticksBy(stepMs, scale, originMs);
    const next = (index: number) => ticks[index + 1]?.column ?? Number.POSITIVE_INFINITY;
    if (ticks.every(({ column, label }, index) => column + label.length + LABEL_GAP <= next(index))) return ticks;
  }
  return [];
}

function ticksBy(stepMs: number, scale: Scale, originMs: number): Tick[] {
  const ticks: Tick[] = [];
  const first = Math.ceil((scale.fromMs - originMs) / stepMs) * stepMs;
  for (let offset = first; originMs + offset <= scale.toMs; offset += stepMs)
    ticks.push({ column: columnAt(scale, originMs + offset), label: tickLabel(offset, stepMs) });
  return ticks;
}

/** As exact as the step between ticks: `250 ms`, `1.25 s`, `1 min 30 s`, `2 h 5 min`, `3 d 12 h`. */
export function tickLabel(offsetMs: number, stepMs: number): string {
  const ms = Math.round(offsetMs);
  if (ms < 0) return `-${tickLabel(-ms, stepMs)}`;
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(stepMs < 10 ? 3 : stepMs < 100 ? 2 : stepMs < SECOND ? 1 : 0)} s`;
  if (ms < HOUR) {
    const seconds = (ms % MINUTE) / SECOND;
    const shown = stepMs < SECOND ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
    return stepMs >= MINUTE || seconds === 0
      ? `${Math.floor(ms / MINUTE)} min`
      : `${Math.floor(ms / MINUTE)} min ${shown}`;
  }
  if (ms < DAY) {
    const minutes = Math.floor((ms % HOUR) / MINUTE);
    const seconds = Math.round((ms % MINUTE) / SECOND);
    return [
      `${Math.floor(ms / HOUR)} h`,
      ...(stepMs < HOUR && (minutes > 0 || seconds > 0) ? [`${minutes} min`] : []),
      ...(stepMs < MINUTE && seconds > 0 ? [`${seconds} s`] : []),
    ].join(' ');
  }
  const hours = Math.floor((ms % DAY) / HOUR);
  return stepMs >= DAY || hours === 0 ? `${Math.floor(ms / DAY)} d` : `${Math.floor(ms / DAY)} d ${hours} h`;
}
