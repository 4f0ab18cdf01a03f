import type { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExecutionStore } from '../store/execution-store.ts';

/** How often the flags of executions with running handlers are read: signals abort within 5 s, with room for a slow read. */
export const STOP_POLL_MS = 2_000;

interface Watched {
  readonly controller: AbortController;
  readonly meta: MetaItem;
  readonly cancelDeadline: () => void;
  handlers: number;
}

/**
 * Abort signals of executions, one each for all handlers of a run in this process. One poll for all of them, and only
 * while handlers run; the deadline needs no poll.
 */
export class StopSignals {
  readonly #executions: ExecutionStore;
  readonly #clock: Clock;
  readonly #watched = new Map<ExecutionId, Watched>();
  #cancelPoll: (() => void) | undefined;
  #isLooking = false;

  constructor(executions: ExecutionStore, clock: Clock) {
    this.#executions = executions;
    this.#clock = clock;
  }

  /** Runs `task` under the signal that aborts when the execution stops, ends or reaches its deadline. */
  async during<T>(meta: MetaItem, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const watched = this.#watch(meta);
    watched.handlers++;
    this.#poll();
    try {
      return await task(watched.controller.signal);
    } finally {
      watched.handlers--;
      if (watched.handlers === 0) watched.cancelDeadline();
      if (watched.handlers === 0 && this.#watched.get(meta.executionId) === watched)
        this.#watched.delete(meta.executionId);
      if (this.#watched.size === 0) this.#cancelPoll?.();
      if (this.#watched.size === 0) this.#cancelPoll = undefined;
    }
  }

  /** What a run before left behind is past: its handlers are told so, and share no signal with this one's. */
  #watch(meta: MetaItem): Watched {
    const known = this.#watched.get(meta.executionId);
    if (known?.meta.run === meta.run) return known;
    const controller = new AbortController();
    const isPast = known !== undefined && known.meta.run > meta.run;
    (isPast ? controller : known?.controller)?.abort();
    const leftMs = Math.max(0, meta.deadlineAtMs - this.#clock.nowMs());
    const cancelDeadline = this.#clock.after(leftMs, () => this.#timeOut(controller, meta));
    const watched = { controller, meta, cancelDeadline, handlers: 0 };
    if (!isPast) this.#watched.set(meta.executionId, watched);
    return watched;
  }

  /** Tells the signal at once what this process knows already. */
  abort(executionId: ExecutionId): void {
    this.#watched.get(executionId)?.controller.abort();
  }

  /** Only when the stop is durable: the result of what it aborts would else be taken for a failure of the node's own. */
  #timeOut(controller: AbortController, meta: MetaItem): void {
    // A failed write is made good by the sweep, which looks at deadlines; then the flags tell.
    this.#executions.requestStop(meta, 'TIMED_OUT', this.#clock.nowMs()).then(
      () => controller.abort(),
      () => undefined,
    );
  }

  #poll(): void {
    // Whoever looks right now polls on.
    if (this.#isLooking) return;
    const look = () => {
      this.#cancelPoll = undefined;
      this.#isLooking = true;
      void this.#look().finally(() => {
        this.#isLooking = false;
        if (this.#watched.size > 0) this.#poll();
      });
    };
    this.#cancelPoll ??= this.#clock.after(STOP_POLL_MS, look, { isLook: true });
  }

  async #look(): Promise<void> {
    await Promise.all(
      [...this.#watched].map(async ([executionId, { controller, meta }]) => {
        // A poll that fails is followed by the next.
        const now = await this.#executions.loadMeta(executionId).catch(() => meta);
        if (now === undefined || isTerminal(now.status) || now.stop !== undefined || now.run !== meta.run)
          controller.abort();
      }),
    );
  }
}
