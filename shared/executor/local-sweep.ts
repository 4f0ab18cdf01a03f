import { DatabaseError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Sweep } from '../scheduler/sweep.ts';
import type { LocalRetention } from './local-retention.ts';

/** How often deadlines of executions that only wait are looked at; AWS does so once a minute. */
const SWEEP_MS = 1_000;

export interface LocalSweepParts {
  readonly sweep: Sweep;
  /** Absent: executions are kept for good. */
  readonly retention: LocalRetention | undefined;
  readonly clock: Clock;
  /** There is nothing that could be overdue. */
  readonly isIdle: () => boolean;
  /** Hears of storage that fails: it would do so in vain again and again, and no deadline would be kept. */
  readonly onFault: (error: Error) => void;
}

/** Looks once a second for what is overdue, and deletes what is old: the rules of AWS's scheduler, in one process. */
export class LocalSweep {
  readonly #parts: LocalSweepParts;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(parts: LocalSweepParts) {
    this.#parts = parts;
    this.#arm();
  }

  /** A look that is under way is the last. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #arm(): void {
    if (this.#isStopped) return;
    const { clock, retention, isIdle, onFault } = this.#parts;
    this.#cancel = clock.after(
      SWEEP_MS,
      () => {
        const looks = [isIdle() ? undefined : this.#look(), retention?.keep()];
        void Promise.all(looks)
          .catch(onFault)
          .finally(() => this.#arm());
      },
      { isBackground: true, isLook: true },
    );
  }

  async #look(): Promise<void> {
    const { failed } = await this.#parts.sweep.run();
    const fault = failed.find(({ error }) => error instanceof DatabaseError);
    if (fault !== undefined) throw fault.error;
  }
}
