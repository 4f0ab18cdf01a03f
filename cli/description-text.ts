import type { ExecutionDescription } from '../shared/executor/description.ts';
import type { PlaceOptions } from './connect.ts';
import { settledItems } from './progress/node-line.ts';
import { sourcesOf } from './source-tags.ts';
import { commandFor } from './suggest.ts';
import {
  formatCount,
  formatDuration,
  formatError,
  formatTime,
  labelledLines,
  nodesText,
  type Palette,
} from './text.ts';

export interface DescriptionTextOptions {
  readonly palette: Palette;
  readonly nowMs: number;
  /** Leads to the execution again, for the commands suggested. */
  readonly place: PlaceOptions;
}

/** An execution as it stands, for people: a label and a value on each line. */
export function descriptionLines(
  description: ExecutionDescription,
  { palette, nowMs, place }: DescriptionTextOptions,
): string[] {
  const { executionId, workflow, startedAtMs, endedAtMs, deadlineAtMs, progress, error, failedNode, tags } =
    description;
  const { source } = sourcesOf(tags);
  const rows: [label: string, value: string][] = [
    ['execution', executionId],
    ['workflow', workflow + (source === undefined ? '' : palette.dim(`  ${source}`))],
    ['status', statusText(description, palette)],
    ['started', `${formatTime(startedAtMs, nowMs)}, ${formatDuration(nowMs - startedAtMs)} ago`],
    endedAtMs === undefined
      ? ['deadline', deadlineText(deadlineAtMs, nowMs)]
      : ['ended', `${formatTime(endedAtMs, nowMs)}, after ${formatDuration(endedAtMs - startedAtMs)}`],
    ['nodes', nodesText(progress)],
    ...(progress.running.length > 0 ? [['running', runningText(progress.running)] as [string, string]] : []),
    ...Object.entries(progress.maps).map(([id, map]): [string, string] => [
      'map',
      `${id} ${formatCount(settledItems(id, map, undefined))}/${formatCount(map.items)} items${map.failedItems > 0 ? `, ${formatCount(map.failedItems)} failed` : ''}`,
    ]),
    ...(error === undefined
      ? []
      : [
          ['error', `${failedNode === undefined ? '' : `${failedNode}: `}${formatError(error, 1_000)}`] as [
            string,
            string,
          ],
        ]),
    ...nextRows(description, place),
  ];
  return labelledLines(rows, palette);
}

function statusText({ status, isStopping, isAtRest }: ExecutionDescription, palette: Palette): string {
  if (status === 'SUCCEEDED') return palette.good(status);
  if (status === 'RUNNING') return isStopping ? palette.warn('RUNNING, stopping') : status;
  if (status === 'PAUSED') return palette.warn(isAtRest ? status : 'PAUSED, running nodes are finishing');
  return palette.bad(status);
}

const deadlineText = (deadlineAtMs: number, nowMs: number): string =>
  `${formatTime(deadlineAtMs, nowMs)}, ${deadlineAtMs > nowMs ? `in ${formatDuration(deadlineAtMs - nowMs)}` : `${formatDuration(nowMs - deadlineAtMs)} ago`}`;

function runningText(running: readonly string[]): string {
  const shown = running.slice(0, 8).join(', ');
  return running.length > 8
    ? `${shown} and ${running.length - 8}${running.length >= 100 ? ' or more' : ''} others`
    : shown;
}

/** Whether a process runs a local execution, the database does not say. */
function nextRows({ executionId, status, isStopping }: ExecutionDescription, place: PlaceOptions): [string, string][] {
  const resume = commandFor('resume', executionId, place);
  if (status === 'PAUSED') return [['next', resume]];
  if (status === 'FAILED' || status === 'TIMED_OUT' || status === 'CANCELLED')
    return [['next', commandFor('redrive', executionId, place)]];
  if (status !== 'RUNNING' || place.endpoint !== undefined) return [];
  const what = isStopping ? 'ends it, if no process does' : 'continues it, if no process runs it';
  return [['next', `${resume} ${what}`]];
}
