import { type Clock, sleep } from '../ports/clock.ts';
import type { ExecutionDescription } from './description.ts';

interface UntilAtRestOptions {
  readonly clock: Clock;
  /** Default: for ever. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** The first look comes so soon after one that was in vain, each later one half as long again after the one before. */
  readonly firstPollMs: number;
  /** At most so long. */
  readonly lastPollMs: number;
}

/** Looks until nothing of an execution runs any more, and gives how it stands then, or when the time is over. */
export async function untilAtRest(
  look: () => Promise<ExecutionDescription>,
  { clock, waitMs = Number.POSITIVE_INFINITY, signal, firstPollMs, lastPollMs }: UntilAtRestOptions,
): Promise<ExecutionDescription> {
  const untilMs = clock.nowMs() + waitMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 1.5, lastPollMs)) {
    const description = await look();
    const leftMs = untilMs - clock.nowMs();
    if (description.isAtRest || leftMs <= 0 || signal?.aborted === true) return description;
    await sleep(clock, Math.min(pollMs, leftMs), signal);
  }
}
