import { FanjoinError } from '../errors.ts';
import { LIMITS } from '../model/limits.ts';
import type { HandlerWork } from './handler-work.ts';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * The time of a test executor. It goes on only while somebody waits for the executor, and then only when nothing else
 * can happen: it jumps to whatever is due next.
 */
export interface TestClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /**
   * Lets exactly so much time go by, with all that happens meanwhile.
   * @throws {FanjoinError} `TEST_STUCK`
   */
  advance(ms: number): Promise<void>;
  /**
   * For handlers: waits in the executor's time. In a test, the same as `advance`.
   *
   * @param ms `Infinity`: until the signal aborts
   * @throws the signal's reason when it aborts
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

interface Waiter {
  /** Of one that waits for time itself: until then. */
  readonly untilMs: number;
  readonly reach: () => void;
  readonly fail: (error: Error) => void;
}

interface TimeDriverParts {
  readonly virtual: VirtualClock;
  readonly work: HandlerWork;
  /** How long handlers may be at work in real time, with nothing else happening. */
  readonly patienceMs: number;
  /** When the first open execution is over its time. */
  readonly nextDeadlineMs: () => Promise<number | undefined>;
}

/** Nothing of an execution takes longer; the queue's hold on messages, which lasts for years, is nothing to wait for. */
const HORIZON_MS = LIMITS.maxTimeoutSeconds * 2_000;
/** Within so much time after a deadline the engine has seen it. */
const OVERDUE_MS = 60_000;

/** Moves a virtual clock for those who wait. */
export class TimeDriver implements TestClock {
  readonly #parts: TimeDriverParts;
  readonly #waiters = new Set<Waiter>();
  #isDriving = false;
  #isClosing = false;
  #failure: Error | undefined;
  #wasTold = false;

  constructor(parts: TimeDriverParts) {
    this.#parts = parts;
  }

  nowMs(): number {
    return this.#parts.virtual.nowMs();
  }

  advance(ms: number): Promise<void> {
    if (this.#parts.work.isInCall) return this.sleep(ms);
    const untilMs = this.nowMs() + Math.max(0, ms);
    return new Promise((resolve, reject) => {
      this.#add({ untilMs, reach: resolve, fail: reject });
    });
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { work } = this.#parts;
    return work.isInCall ? work.waiting(() => this.#sleep(ms, signal)) : this.during(() => this.#sleep(ms, signal));
  }

  /** Lets time go on until the work is done. @throws {FanjoinError} `TEST_STUCK`, `TEST_DEADLOCK`, or what `fail` was told */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined && !this.#isClosing) throw this.#told(this.#failure);
    const { promise: failed, reject } = Promise.withResolvers<never>();
    const waiter = { untilMs: Number.POSITIVE_INFINITY, reach: () => undefined, fail: reject };
    this.#add(waiter);
    try {
      return await this.#parts.work.waiting(() => Promise.race([work(), failed]));
    } finally {
      this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) this.#parts.work.notify();
    }
  }

  /** Ends all waiting, now and from now on: the test has gone wrong. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wasTold ||= this.#waiters.size > 0;
    for (const { fail } of this.#waiters) fail(this.#failure);
    this.#waiters.clear();
  }

  /** Does something for the test; a failure of that is one of the test. */
  async guard(action: () => unknown): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** From now on time waits for no handler. Gives what has gone wrong, and whether somebody was told. */
  letGo(): { readonly failure: Error | undefined; readonly wasTold: boolean } {
    this.#isClosing = true;
    this.#parts.work.notify();
    return { failure: this.#failure, wasTold: this.#wasTold };
  }

  #add(waiter: Waiter): void {
    if (this.#failure !== undefined && !this.#isClosing) {
      waiter.fail(this.#told(this.#failure));
      return;
    }
    this.#waiters.add(waiter);
    if (!this.#isDriving) void this.#drive();
  }

  #told(failure: Error): Error {
    this.#wasTold = true;
    return failure;
  }

  async #drive(): Promise<void> {
    this.#isDriving = true;
    try {
      for (;;) {
        await this.#calm();
        if (this.#waiters.size === 0) return;
        await this.#go(Math.min(...[...this.#waiters].map(({ untilMs }) => untilMs)));
      }
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isDriving = false;
    }
  }

  /** Resolves when nothing more happens at this time, or nobody waits any more. */
  async #calm(): Promise<void> {
    const { virtual, work, patienceMs } = this.#parts;
    await virtual.quiet();
    while (!this.#isClosing && this.#waiters.size > 0 && work.busy.length > 0) {
      const hasChanged = await work.changed(patienceMs);
      await virtual.quiet();
      if (!hasChanged && this.#waiters.size > 0 && work.busy.length > 0) throw this.#stuck();
    }
  }

  async #go(limitMs: number): Promise<void> {
    const { virtual, work, patienceMs } = this.#parts;
    if (await this.#step(limitMs)) return;
    if (limitMs === Number.POSITIVE_INFINITY) {
      // Something real may still come to its end, of which nobody tells.
      if ((await work.changed(patienceMs)) || (await this.#step(limitMs)) || this.#waiters.size === 0) return;
      throw this.#deadlock();
    }
    virtual.moveTo(limitMs);
    for (const waiter of this.#waiters) {
      if (waiter.untilMs > limitMs) continue;
      this.#waiters.delete(waiter);
      waiter.reach();
    }
  }

  /** Goes to what is due next. `false`: nothing is, by `limitMs`. */
  async #step(limitMs: number): Promise<boolean> {
    const { virtual, nextDeadlineMs } = this.#parts;
    const nowMs = virtual.nowMs();
    const deadlineMs = (this.#isClosing ? undefined : await nextDeadlineMs()) ?? Number.POSITIVE_INFINITY;
    // What is overdue is found by one of the looks that are else left out.
    if (deadlineMs <= nowMs) return virtual.advance(Math.min(limitMs, deadlineMs + OVERDUE_MS));
    if (await virtual.advance(Math.min(limitMs, deadlineMs, nowMs + HORIZON_MS), true)) return true;
    if (deadlineMs === Number.POSITIVE_INFINITY || deadlineMs > limitMs) return false;
    virtual.moveTo(deadlineMs);
    return true;
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        cancel();
        reject(signal?.reason);
      };
      const done = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const cancel = Number.isFinite(ms) ? this.#parts.virtual.after(ms, done) : () => undefined;
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #stuck(): FanjoinError {
    const { work, patienceMs } = this.#parts;
    const calls = work.busy.map((call) => `  ${call}`);
    return new FanjoinError(
      'TEST_STUCK',
      `Time stands still at ${this.#time()}: nothing has happened for ${patienceMs} ms of real time, and these handlers have not settled:
${calls.join('\n')}
A handler that waits must do so on the test clock, clock.sleep(ms, signal). One that is to hang can be given by failures: [{ node, timeout: true }], or by clock.sleep(Infinity, signal). For one that is slow, raise patienceMs.`,
      { details: { handlers: work.busy } },
    );
  }

  #deadlock(): FanjoinError {
    const { all } = this.#parts.work;
    const waiting = all.length === 0 ? '' : ` Under way, and waiting:\n${all.map((call) => `  ${call}`).join('\n')}`;
    return new FanjoinError(
      'TEST_DEADLOCK',
      `Nothing is left that could happen after ${this.#time()}, and what the test waits for has not happened.${waiting}`,
      { details: { waiting: all } },
    );
  }

  #time(): string {
    return new Date(this.nowMs()).toISOString();
  }
}
