import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import { formatCount, formatDuration, formatError, type Palette, plural } from '../text.ts';

type MapProgress = ExecutionDescription['progress']['maps'][string];

export interface LineOptions {
  readonly palette: Palette;
  /** Names are filled up to so many characters, so that times stand below each other. Default 0. */
  readonly idWidth?: number;
  /** Of a map: how many items it had, if known. */
  readonly items?: number | undefined;
}

/** `✓ parse 12 ms`, `✗ charge failed after 3 attempts: CardDeclined: …`, `– refund skipped` */
export function nodeLine(result: NodeResultView, { palette, idWidth = 0, items }: LineOptions): string {
  const { nodeId, visit, status, source, error, attempts } = result;
  const name = (visit > 1 ? `${nodeId} #${visit}` : nodeId).padEnd(idWidth);
  switch (status) {
    case 'SKIPPED':
      return skippedLine(nodeId, { palette, idWidth });
    case 'FAILED': {
      const after = attempts.length > 1 ? ` after ${attempts.length} attempts` : '';
      const what = error === undefined ? '' : `: ${formatError(error)}`;
      return `${palette.bad('✗')} ${name} ${palette.bad(`failed${after}`)}${what}`;
    }
    case 'SUCCEEDED': {
      const count = items === undefined ? '' : `${plural(items, 'item')} `;
      const note = noteOf(source, error, attempts.length);
      return `${palette.good('✓')} ${name} ${count}${palette.dim(formatDuration(durationOf(result)))}${note === '' ? '' : palette.warn(` (${note})`)}`;
    }
  }
}

/** A node that did not run: its `runIf` was false, or its trigger rule did not hold. */
export const skippedLine = (nodeId: string, { palette, idWidth = 0 }: LineOptions): string =>
  palette.dim(`– ${nodeId.padEnd(idWidth)} skipped`);

/** From its first attempt to its end, the waits between attempts included. */
const durationOf = ({ attempts, startedAtMs, endedAtMs }: NodeResultView): number =>
  endedAtMs - Math.min(startedAtMs, attempts[0]?.startedAtMs ?? startedAtMs);

function noteOf(source: NodeResultView['source'], error: NodeResultView['error'], attempts: number): string {
  const why = error === undefined ? '' : ` after ${formatError(error, 120)}`;
  if (source === 'fallback') return `fallback${why}`;
  if (source === 'catch') return `caught${error === undefined ? '' : ` ${formatError(error, 120)}`}`;
  if (source === 'cache') return 'cached';
  return attempts > 1 ? `${attempts} attempts` : '';
}

/** `check 125/322` */
export const mapLine = (nodeId: string, map: MapProgress, plan: Plan | undefined, { palette }: LineOptions): string => {
  const failed = map.failedItems === 0 ? '' : palette.warn(` (${plural(map.failedItems, 'item')} failed)`);
  return `${palette.accent('…')} ${nodeId} ${formatCount(settledItems(nodeId, map, plan))}/${formatCount(map.items)}${failed}`;
};

/** Items come to their end in chunks, of which all but the last are full. */
export function settledItems(
  nodeId: string,
  { items, chunks, settledChunks }: MapProgress,
  plan: Plan | undefined,
): number {
  if (settledChunks >= chunks) return items;
  const definition = plan?.nodes[plan.indexOf.get(nodeId) ?? -1]?.definition;
  const chunkSize = definition?.type === 'map' ? (definition.chunkSize ?? 1) : items / Math.max(1, chunks);
  return Math.min(items, Math.floor(settledChunks * chunkSize));
}
