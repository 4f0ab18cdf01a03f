import type { WorkRef } from '../core/events.ts';
import type { ExecutionId } from '../model/ids.ts';
import type { Store } from '../store/store.ts';
import type { Resend } from './resender.ts';
import type { Scheduler } from './scheduler.ts';
import { standingEvents } from './standing-events.ts';

export interface ReconcileOptions {
  /** What is dispatched and unsettled to send again. Default nothing: only what the state did not know is made good. */
  readonly resend?: Resend | undefined;
  /** Work that was never sent, if it is still to be done. Default none. */
  readonly lost?: readonly WorkRef[];
}

/** Rebuilds what the scheduler should know of an execution from its results (invariant 3): every repair goes this way. */
export class Reconciler {
  readonly #store: Store;
  readonly #scheduler: Scheduler;

  constructor({ store, scheduler }: { store: Store; scheduler: Scheduler }) {
    this.#store = store;
    this.#scheduler = scheduler;
  }

  /** @returns whether something had been lost */
  reconcile(executionId: ExecutionId, { resend, lost }: ReconcileOptions = {}): Promise<boolean> {
    return this.#scheduler.repair(
      executionId,
      (plan, snapshot) => standingEvents(this.#store, plan, snapshot),
      resend,
      lost,
    );
  }
}
