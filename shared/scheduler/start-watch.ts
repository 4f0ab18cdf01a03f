import type { Clock } from '../ports/clock.ts';
import type { DueExecutions } from '../store/execution-store.ts';
import { listingBound } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

/** Starts are watched when they are so old: whoever made one has given up by then, and an index has caught up. */
export const WATCHED_AFTER_MS = 90_000;
/** Of a backlog, so much is watched before it is noted that it was. */
const SLICE_MS = 10 * 60_000;
const WORKFLOWS_AT_ONCE = 4;
const PAGE = 1_000;

/**
 * Finds executions that last. Most end within seconds, and would only pass through the index of what is due, for two
 * writes: so it does not have them from their start, but from when the index of executions, which has them anyway, shows
 * that they are still open.
 */
export class StartWatch {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Goes through what has started since the last time.
   * @param look gets what lasts, by the page; gives whether all of it is in the index of what is due by now. If not, the same
   *   comes again the next time
   */
  async run(look: (found: DueExecutions) => Promise<boolean>): Promise<void> {
    const { executions, workflows } = this.#store;
    const untilMs = this.#clock.nowMs() - WATCHED_AFTER_MS;
    let fromMs = await executions.loadWatchedTo();
    const names = await workflows.names();
    while (fromMs < untilMs) {
      const toMs = fromMs === 0 ? untilMs : Math.min(fromMs + SLICE_MS, untilMs);
      const rest = names.values();
      let isWhole = true;
      const watchNext = async () => {
        for (const name of rest) if (!(await this.#watch(name, fromMs, toMs, look))) isWhole = false;
      };
      await Promise.all(Array.from({ length: WORKFLOWS_AT_ONCE }, watchNext));
      if (!isWhole) return;
      await executions.saveWatchedTo(toMs);
      fromMs = toMs;
    }
  }

  async #watch(
    workflow: string,
    fromMs: number,
    toMs: number,
    look: (found: DueExecutions) => Promise<boolean>,
  ): Promise<boolean> {
    const { executions } = this.#store;
    let isWhole = true;
    let before: string | undefined = listingBound(toMs);
    while (before !== undefined) {
      const range = { from: listingBound(fromMs), before, limit: PAGE };
      const listed: Awaited<ReturnType<typeof executions.listed>> = await executions.listed(workflow, range);
      const perhapsOpen = listed.filter(({ endedAs }) => endedAs === undefined);
      const found = await executions.loadUnwatched(perhapsOpen.map(({ executionId }) => executionId));
      if (!(await look(found))) isWhole = false;
      before = listed.length < PAGE ? undefined : listed.at(-1)?.listedAs;
    }
    return isWhole;
  }
}
