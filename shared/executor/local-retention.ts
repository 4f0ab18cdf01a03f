import { forgetExecution } from '../adapters/local/forget-execution.ts';
import type { SqliteDatabase } from '../adapters/local/sqlite-database.ts';
import type { Clock } from '../ports/clock.ts';
import { listingBound } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

const INTERVAL_MS = 3_600_000;
const PAGE = 100;

export interface LocalRetentionParts {
  readonly database: SqliteDatabase;
  readonly store: Store;
  readonly clock: Clock;
  /** How long executions are kept after their end. */
  readonly retentionMs: number;
}

/** Deletes executions that ended long ago: what the table's time to live does on AWS. */
export class LocalRetention {
  readonly #parts: LocalRetentionParts;
  #nextAtMs = 0;

  constructor(parts: LocalRetentionParts) {
    this.#parts = parts;
  }

  /** Looks through them, if that was not done within the hour. */
  async keep(): Promise<void> {
    const { clock, store } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs < this.#nextAtMs) return;
    this.#nextAtMs = nowMs + INTERVAL_MS;
    for (const workflow of await store.workflows.names()) await this.#keepOf(workflow, nowMs);
  }

  async #keepOf(workflow: string, nowMs: number): Promise<void> {
    const { database, store, retentionMs } = this.#parts;
    const endedBeforeMs = nowMs - retentionMs;
    // None ends before it starts.
    let before: string | undefined = listingBound(Math.max(0, endedBeforeMs));
    while (before !== undefined) {
      const listed: Awaited<ReturnType<typeof store.executions.listed>> = await store.executions.listed(workflow, {
        limit: PAGE,
        before,
      });
      const metas = await store.executions.loadSummaries(listed.map(({ executionId }) => executionId));
      for (const { executionId, endedAtMs } of metas.values())
        if (endedAtMs !== undefined && endedAtMs < endedBeforeMs)
          await forgetExecution(database, executionId, endedBeforeMs);
      before = listed.length < PAGE ? undefined : listed.at(-1)?.listedAs;
    }
  }
}
