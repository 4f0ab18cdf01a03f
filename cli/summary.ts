import type { Plan } from '../shared/core/plan.ts';
import type { ExecutionDescription } from '../shared/executor/description.ts';
import type { PlaceOptions } from './connect.ts';
import { planOf } from './progress/snapshot.ts';
import { commandFor } from './suggest.ts';
import { formatCount, formatDuration, formatError, oneLine, type Palette, plural } from './text.ts';

const MAX_MESSAGE_LINES = 12;

export interface SummaryOptions {
  readonly palette: Palette;
  readonly nowMs: number;
  readonly plan: Plan | undefined;
  /** Leads to the execution again, for the commands suggested. */
  readonly place: PlaceOptions;
}

/** How an execution ended, or how it stands: one line, on a failure with its error and node below. */
export function summaryLines(description: ExecutionDescription, options: SummaryOptions): string[] {
  const { executionId, workflow, status, startedAtMs, endedAtMs, error, failedNode } = description;
  const { palette, nowMs, place } = options;
  const time = formatDuration((endedAtMs ?? nowMs) - startedAtMs);
  const head = `${palette.bold(workflow)} ${statusText(status, palette)} in ${time} · ${nodesText(description, options)}`;
  if (status === 'SUCCEEDED') return [`${palette.good('✓')} ${head}`];
  if (status === 'PAUSED')
    return [`${palette.warn('‖')} ${head}`, `  go on with: ${commandFor('resume', executionId, place)}`];
  const where = failedNode === undefined ? '' : `${palette.bold(failedNode)}: `;
  const why = error === undefined ? [] : messageLines(error);
  const lines = why.map((line, index) => (index === 0 ? `  ${where}${line}` : `  ${line}`));
  return [
    `${palette.bad('✗')} ${head}`,
    ...lines,
    palette.dim(
      `  ${status === 'FAILED' ? 'once that is mended, ' : ''}go on from there, by the same input, with: ${commandFor('redrive', executionId, place)}`,
    ),
  ];
}

function statusText(status: ExecutionDescription['status'], palette: Palette): string {
  if (status === 'SUCCEEDED') return palette.good(status);
  return status === 'PAUSED' || status === 'RUNNING' ? palette.warn(status) : palette.bad(status);
}

function nodesText(description: ExecutionDescription, { plan }: SummaryOptions): string {
  const { nodes, succeeded, failed, skipped } = description.progress;
  if (description.cachedFrom !== undefined) return `nothing run, the output is that of ${description.cachedFrom}`;
  // What a route did not visit is no loss: that is how it goes one way and not the other.
  const isRoute = planOf(plan, description)?.kind === 'route';
  const missing = isRoute ? 0 : nodes - succeeded - failed - skipped;
  if (succeeded === nodes) return plural(nodes, 'node');
  if (isRoute && failed === 0 && description.status === 'SUCCEEDED') return plural(succeeded, 'node');
  const parts = [
    isRoute
      ? `${plural(succeeded, 'node')} succeeded`
      : `${formatCount(succeeded)} of ${plural(nodes, 'node')} succeeded`,
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    ...(skipped > 0 ? [`${formatCount(skipped)} skipped`] : []),
    ...(missing > 0 && description.status !== 'PAUSED' ? [`${formatCount(missing)} not run`] : []),
  ];
  return parts.join(', ');
}

/** Messages of validation go over several lines, which tell more as they are. */
function messageLines({ name, message }: { name: string; message: string }): string[] {
  const lines = message.split('\n').slice(0, MAX_MESSAGE_LINES);
  if (lines.length === 1) return [formatError({ name, message }, 1_000)];
  return lines.map((line, index) => (index === 0 ? oneLine(`${name}: ${line}`) : `  ${oneLine(line)}`));
}
