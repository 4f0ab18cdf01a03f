import { isTerminal } from '../../shared/model/result.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';

/** By so much clocks of two processes may differ. */
const MAX_SKEW_MS = 3_000;

/** What is wrong with how the flags of an open execution were changed. */
export function flagProblems({ before, after }: ChangeRecord): string[] {
  if (before === undefined || after === undefined) return [];
  const [earlier, later] = [parseMeta(before), parseMeta(after)];
  if (earlier.run !== later.run) return [];
  const problems: string[] = [];
  if (earlier.stop !== undefined && later.stop?.reason !== earlier.stop.reason)
    problems.push(`it was to stop because ${earlier.stop.reason}, and now because ${later.stop?.reason}`);
  if (earlier.stop !== undefined && later.status !== earlier.status && !isTerminal(later.status))
    problems.push(`it stops, and was ${earlier.status}; now it is ${later.status}`);
  if (earlier.stop === undefined && later.stop?.reason === 'TIMED_OUT') {
    const beganAtMs = later.redrivenAtMs ?? later.startedAtMs;
    const tookMs = later.stop.atMs - beganAtMs;
    if (tookMs < later.config.timeoutSeconds * 1_000 - MAX_SKEW_MS)
      problems.push(`it timed out after ${tookMs} ms, ${later.config.timeoutSeconds} s are allowed`);
  }
  return problems;
}
