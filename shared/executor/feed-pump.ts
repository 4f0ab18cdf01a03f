import { DatabaseError } from '../errors.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import { concernsScheduler } from '../scheduler/concerns-scheduler.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

const RETRY_MS = 100;

/**
 * Hands change records to the scheduler, one batch at a time: what comes meanwhile makes the next one. The stream's
 * event source, in one process.
 */
export class FeedPump {
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #onFault: (error: Error) => void;
  #pending: ChangeRecord[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor({ scheduler, clock, onFault }: { scheduler: Scheduler; clock: Clock; onFault: (error: Error) => void }) {
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  push(records: readonly ChangeRecord[]): void {
    for (const record of records) if (concernsScheduler(record)) this.#pending.push(record);
    if (this.#pending.length > 0 && !this.#isClosed) this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0 && !this.#isClosed) {
      const batch = this.#pending;
      this.#pending = [];
      const { failed } = await this.#scheduler.handle(batch);
      if (failed.length === 0) continue;
      const fault = failed.find(({ error }) => error instanceof DatabaseError)?.error;
      if (fault instanceof DatabaseError) {
        this.#isClosed = true;
        this.#onFault(fault);
        break;
      }
      this.#pending = [...failed.flatMap(({ records }) => records), ...this.#pending];
      await sleep(this.#clock, RETRY_MS);
    }
    this.#running = undefined;
  }
}
