import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import { type ProgressView, visitKeyOf } from './snapshot.ts';

const MIN_INTERVAL_MS = 100;
/** A look takes at most one part in so many of the time, however large the execution: it must not slow down what it shows. */
const COST_SHARE = 10;

/** A short pause after a cheap look, a longer one after a dear one. */
export const nextLookAfter = (costMs: number): number => Math.max(MIN_INTERVAL_MS, COST_SHARE * costMs);

export interface WatchOptions {
  readonly view: ProgressView;
  /** Visits that had ended before: they are not shown again. Added to. */
  readonly seen: Set<string>;
  /** Aborts when there is nothing more to wait for; one last look follows. */
  readonly done: AbortSignal;
}

/** Looks at an execution again and again and shows what it finds, until `done`. Never throws: progress is not the work. */
export async function watchProgress(handle: ExecutionHandle, { view, seen, done }: WatchOptions): Promise<void> {
  while (!done.aborted) {
    const startedAtMs = performance.now();
    await look(handle, view, seen, false);
    const costMs = performance.now() - startedAtMs;
    await sleep(nextLookAfter(costMs), undefined, { signal: done }).catch(() => undefined);
  }
  await look(handle, view, seen, true);
  view.close();
}

async function look(handle: ExecutionHandle, view: ProgressView, seen: Set<string>, isLast: boolean): Promise<void> {
  try {
    const description = await handle.describe();
    // A success waits for all of its nodes, whatever the clocks of those who wrote them say.
    const untilMs = description.status === 'SUCCEEDED' ? undefined : description.endedAtMs;
    const ended = isLast || view.wantsResults(description) ? await readEnded(handle, seen, untilMs) : [];
    view.show({ description, ended, nowMs: Date.now() });
  } catch {
    // What is wrong with the store shows where the result is awaited.
  }
}

/** Visits not seen before. Those that ended after the execution did changed nothing and are left out. */
export async function readEnded(
  handle: ExecutionHandle,
  seen: Set<string>,
  untilMs = Number.POSITIVE_INFINITY,
): Promise<NodeResultView[]> {
  const ended: NodeResultView[] = [];
  let after: string | undefined;
  do {
    const page = await handle.results(after === undefined ? {} : { after });
    for (const result of page.results) {
      const key = visitKeyOf(result);
      if (seen.has(key) || result.endedAtMs > untilMs) continue;
      seen.add(key);
      ended.push(result);
    }
    after = page.next;
    // A local page is read in one go; between two of them the nodes get their turn.
    await nextTurn();
  } while (after !== undefined);
  return ended.sort((a, b) => a.endedAtMs - b.endedAtMs);
}
