import type { Clock } from '../ports/clock.ts';
import type { DueExecutions } from '../store/execution-store.ts';
import { listingBound } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

/** Starts are watched when they are so old: whoever made one has given up by then, and an index has caught up. */
export const WATCHED_AFTER_MS = 90_000;
/** Of a backlog, so much is watched before it is noted that it was; less where much started, more where little did. */
const SLICE_MS = 10 * 60_000;
/** What has gathered since the sweep before is watched as a whole, however much it is. */
const SHORTEST_SLICE_MS = 2 * 60_000;
/** In a slice that is longer: what a sweep goes through within seconds, so that one that runs out of time has noted something. */
const STARTS_IN_SLICE = 20_000;
const WORKFLOWS_AT_ONCE = 4;
/** All that is in META passes through memory, of four workflows at once. */
const PAGE = 250;

interface Slice {
  readonly fromMs: number;
  readonly toMs: number;
  /** So many starts were found in it. */
  started: number;
  /** All that lasts of it is in the index of what is due. */
  isWhole: boolean;
}

type Look = (found: DueExecutions) => Promise<boolean>;

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
  async run(look: Look): Promise<void> {
    const { executions, workflows } = this.#store;
    const untilMs = this.#clock.nowMs() - WATCHED_AFTER_MS;
    let fromMs = await executions.loadWatchedTo();
    const names = await workflows.names();
    let lengthMs = fromMs === 0 ? untilMs : SLICE_MS;
    while (fromMs < untilMs) {
      const slice: Slice = { fromMs, toMs: Math.min(fromMs + lengthMs, untilMs), started: 0, isWhole: true };
      const rest = names.values();
      const watchNext = async () => {
        for (const name of rest) await this.#watch(name, slice, look);
      };
      await Promise.all(Array.from({ length: WORKFLOWS_AT_ONCE }, watchNext));
      if (isTooFull(slice)) {
        lengthMs = Math.ceil((slice.toMs - fromMs) / 2);
        continue;
      }
      if (!slice.isWhole) return;
      await executions.saveWatchedTo(slice.toMs);
      fromMs = slice.toMs;
      if (slice.started < STARTS_IN_SLICE / 4) lengthMs *= 2;
    }
  }

  async #watch(workflow: string, slice: Slice, look: Look): Promise<void> {
    const { executions } = this.#store;
    let before: string | undefined = listingBound(slice.toMs);
    while (before !== undefined && !isTooFull(slice)) {
      const range = { from: listingBound(slice.fromMs), before, limit: PAGE };
      const listed: Awaited<ReturnType<typeof executions.listed>> = await executions.listed(workflow, range);
      slice.started += listed.length;
      const perhapsOpen = listed.filter(({ endedAs }) => endedAs === undefined);
      const found = await executions.loadUnwatched(perhapsOpen.map(({ executionId }) => executionId));
      if (!(await look(found))) slice.isWhole = false;
      before = listed.length < PAGE ? undefined : listed.at(-1)?.listedAs;
    }
  }
}

/** It is left in the middle, to be gone through in parts. */
const isTooFull = ({ fromMs, toMs, started }: Slice): boolean =>
  started > STARTS_IN_SLICE && toMs - fromMs > SHORTEST_SLICE_MS;
