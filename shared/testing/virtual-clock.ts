import type { Clock, TimerOptions } from '../ports/clock.ts';
import { quiet } from './quiet.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly options: TimerOptions;
  readonly task: () => void;
}

/** Time that stands still until somebody moves it, once everything that can happen now has happened. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void, options: TimerOptions = {}): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: ++this.#order, options, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are no housekeeping. */
  get pendingTimers(): number {
    return [...this.#timers].filter(({ options }) => options.isBackground !== true).length;
  }

  /** Resolves when everything that can happen at this time has happened. */
  quiet(): Promise<void> {
    return quiet();
  }

  /**
   * Moves time to the next timer and fires it. `false`: there is none by `untilMs`.
   * @param isSkippingLooks leave out timers that only look whether there is something to do
   */
  async advance(untilMs = Number.POSITIVE_INFINITY, isSkippingLooks = false): Promise<boolean> {
    await quiet();
    const next = this.#next(isSkippingLooks);
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers.delete(next);
    this.moveTo(next.atMs);
    next.task();
    await quiet();
    return true;
  }

  /** Lets time go on, timer by timer, until `isDone` or for `maxMs`. Gives whether it is done. */
  async runUntil(isDone: () => boolean, maxMs = 86_400_000): Promise<boolean> {
    const untilMs = this.#nowMs + maxMs;
    await quiet();
    while (!isDone()) if (!(await this.advance(untilMs))) return isDone();
    return true;
  }

  /** Lets exactly so much time go by. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    while (await this.advance(untilMs));
    this.moveTo(untilMs);
    await quiet();
  }

  /** Sets the time, unless it is later already; fires nothing. */
  moveTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  #next(isSkippingLooks: boolean): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (isSkippingLooks && timer.options.isLook === true) continue;
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer;
    }
    return next;
  }
}
