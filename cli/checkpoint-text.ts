import type { CheckpointDetail, CheckpointView } from '../shared/executor/checkpoints.ts';
import type { PlaceOptions } from './connect.ts';
import { settledItems } from './progress/node-line.ts';
import { commandFor } from './suggest.ts';
import { type Column, tableLines } from './table.ts';
import { formatAge, formatCount, formatTime, labelledLines, nodesText, type Palette, plural } from './text.ts';

export interface CheckpointTextOptions {
  readonly palette: Palette;
  readonly nowMs: number;
  /** Of the terminal. Absent: nothing is cut. */
  readonly columns?: number | undefined;
}

const COLUMNS: readonly Column[] = [
  { header: 'CHECKPOINT' },
  { header: 'TAKEN' },
  { header: 'FINISHED', align: 'right' },
  { header: 'WHY' },
];
/** Ids of nodes of one kind. */
const SHOWN = 12;

/** Checkpoints as a table, oldest first. */
export const checkpointLines = (
  checkpoints: readonly CheckpointView[],
  { palette, nowMs, columns }: CheckpointTextOptions,
): string[] =>
  tableLines(
    COLUMNS,
    checkpoints.map((checkpoint) => [
      checkpoint.checkpointId,
      formatAge(checkpoint.createdAtMs, nowMs),
      formatCount(checkpoint.finishedNodes),
      reasonOf(checkpoint),
    ]),
    { palette, columns },
  );

/** A checkpoint for people: a label and a value on each line. */
export function checkpointDetailLines(
  detail: CheckpointDetail,
  { palette, nowMs, place }: CheckpointTextOptions & { readonly place: PlaceOptions },
): string[] {
  const { checkpointId, executionId, workflow, run, createdAtMs, progress, ended, isCurrent } = detail;
  const taken = `${formatTime(createdAtMs, nowMs)}, ${formatAge(createdAtMs, nowMs)}, when ${reasonOf(detail)}`;
  const resume = commandFor('checkpoint resume', checkpointId, place);
  const rows: [label: string, value: string][] = [
    ['checkpoint', checkpointId],
    ['execution', `${executionId}${run > 1 ? `, run ${run}` : ''}`],
    ['workflow', workflow],
    ['taken', taken],
    ['nodes', nodesText(progress)],
    ...listed('succeeded', ended.succeeded, progress.succeeded),
    ...listed('failed', ended.failed, progress.failed),
    ...listed('skipped', ended.skipped, progress.skipped),
    ...listed('in flight', progress.running, progress.running.length),
    ...Object.entries(progress.maps).map(([id, map]): [string, string] => [
      'map',
      `${id} ${formatCount(settledItems(id, map, undefined))}/${formatCount(map.items)} items`,
    ]),
    [
      'next',
      `${resume} ${isCurrent ? 'goes on with the execution, which is still paused here' : 'starts a new execution from here'}`,
    ],
  ];
  return labelledLines(rows, palette);
}

const reasonOf = ({ reason, finishedNodes }: CheckpointView): string =>
  reason === 'pause' ? 'the execution was paused' : `${plural(finishedNodes, 'node')} had finished`;

/** Some of the ids, and how many there are beside them. */
function listed(label: string, ids: readonly string[], count: number): [string, string][] {
  if (count === 0) return [];
  const shown = ids.slice(0, SHOWN);
  const others = count - shown.length;
  return [[label, others > 0 ? `${shown.join(', ')} and ${formatCount(others)} others` : shown.join(', ')]];
}
