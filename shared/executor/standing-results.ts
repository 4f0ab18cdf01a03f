import type { NodeResultView } from '../model/result.ts';

/**
 * Visits that ran, in the order in which they ended. A result that came after the end changed nothing, and one that a
 * redrive ran anew no longer counts.
 */
export function standingResults(results: readonly NodeResultView[]): NodeResultView[] {
  const standing = new Map<string, NodeResultView>();
  for (const result of results) {
    const key = `${result.nodeId} ${result.visit}`;
    if (result.status !== 'SKIPPED' && result.run >= (standing.get(key)?.run ?? 0)) standing.set(key, result);
  }
  return [...standing.values()].filter(({ late }) => late !== true).sort((a, b) => a.endedAtMs - b.endedAtMs);
}
