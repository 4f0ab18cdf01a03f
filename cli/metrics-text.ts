import type { DurationSummary } from '../shared/observability/duration-sketch.ts';
import type { WorkflowMetrics } from '../shared/observability/tally.ts';
import { type Column, tableLines } from './table.ts';
import { formatCount, formatDuration, formatShare, labelledLines, type Palette } from './text.ts';

export interface MetricsTextOptions {
  readonly palette: Palette;
  /** Rows of the table at most. */
  readonly limit: number;
  /** Of the terminal. Absent: nothing is cut. */
  readonly columns?: number | undefined;
}

const NODE_COLUMNS: readonly Column[] = [
  { header: 'NODE', minWidth: 12 },
  { header: 'VISITS', align: 'right' },
  { header: 'TOTAL', align: 'right' },
  { header: 'SHARE', align: 'right' },
  { header: 'MEAN', align: 'right' },
  { header: 'P50', align: 'right' },
  { header: 'P95', align: 'right' },
  { header: 'MAX', align: 'right' },
];

const totalOf = ({ count, meanMs }: DurationSummary): number => count * meanMs;

/** Metrics of a workflow: its executions, then its nodes, those that took the most time in all first. */
export function metricsLines(metrics: WorkflowMetrics, { palette, limit, columns }: MetricsTextOptions): string[] {
  const nodes = Object.entries(metrics.nodeExecutionTimes).sort(
    ([a, left], [b, right]) => totalOf(right) - totalOf(left) || (a < b ? -1 : 1),
  );
  const totalMs = nodes.reduce((sum, [, times]) => sum + totalOf(times), 0);
  const rows = nodes
    .slice(0, limit)
    .map(([nodeId, times]) => [
      nodeId,
      formatCount(times.count),
      formatDuration(totalOf(times)),
      formatShare(totalOf(times), totalMs),
      ...[times.meanMs, times.p50Ms, times.p95Ms, times.maxMs].map(formatDuration),
    ]);
  return [
    ...headLines(metrics, palette),
    ...(rows.length === 0 ? [] : ['', ...tableLines(NODE_COLUMNS, rows, { palette, columns })]),
  ];
}

function headLines(
  {
    workflow,
    totalExecutions,
    successfulExecutions,
    failedExecutions,
    averageDurationMs,
    executionTimes,
  }: WorkflowMetrics,
  palette: Palette,
): string[] {
  const { bold, good, bad } = palette;
  const durations = [
    ['mean', averageDurationMs],
    ...(executionTimes === undefined
      ? []
      : ([
          ['p50', executionTimes.p50Ms],
          ['p95', executionTimes.p95Ms],
          ['max', executionTimes.maxMs],
        ] as const)),
  ] as const;
  const rows: [label: string, value: string][] = [
    ['workflow', bold(workflow)],
    [
      'executions',
      `${formatCount(totalExecutions)} ended: ${good(`${formatCount(successfulExecutions)} succeeded`)}, ${failedExecutions === 0 ? 'none failed' : bad(`${formatCount(failedExecutions)} did not`)}`,
    ],
    ['success', formatShare(successfulExecutions, totalExecutions)],
    ['duration', durations.map(([name, ms]) => `${name} ${formatDuration(ms)}`).join(', ')],
  ];
  return labelledLines(rows, palette);
}
