import type { ExecutionSummary } from '../shared/executor/listing.ts';
import { type Column, tableLines } from './table.ts';
import { formatAge, formatDuration, type Palette, styleOfStatus } from './text.ts';

export interface ListTextOptions {
  readonly palette: Palette;
  readonly nowMs: number;
  /** Of the terminal. Absent: nothing is cut. */
  readonly columns?: number | undefined;
}

const COLUMNS: readonly Column[] = [
  { header: 'EXECUTION' },
  { header: 'WORKFLOW', minWidth: 12 },
  { header: 'STATUS' },
  { header: 'STARTED' },
  { header: 'DURATION' },
];

/** Executions as a table, one on each line. */
export const listLines = (
  executions: readonly ExecutionSummary[],
  { palette, nowMs, columns }: ListTextOptions,
): string[] =>
  tableLines(
    COLUMNS,
    executions.map(({ executionId, workflow, status, run, startedAtMs, endedAtMs }) => [
      executionId,
      workflow,
      { text: run > 1 ? `${status} (run ${run})` : status, style: styleOfStatus(status, palette) },
      formatAge(startedAtMs, nowMs),
      endedAtMs === undefined
        ? { text: `${formatDuration(nowMs - startedAtMs)} so far`, style: palette.dim }
        : formatDuration(endedAtMs - startedAtMs),
    ]),
    { palette, columns },
  );
