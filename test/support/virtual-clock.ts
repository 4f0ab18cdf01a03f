import type { Clock, TimerOptions } from '../../shared/ports/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly isBackground: boolean;
  readonly task: () => void;
}

/** Turns of the event loop without a touch after which nothing moves but by time: the in-memory table needs one for a commit. */
const QUIET_TURNS = 4;

/** Time that stands still until a test moves it, once everything that can happen now has happened. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  #touches = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void, { isBackground = false }: TimerOptions = {}): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: ++this.#order, isBackground, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Tells that something happens: time must not go on yet. */
  touch(): void {
    this.#touches++;
  }

  /** Timers that are no housekeeping. */
  get pendingTimers(): number {
    return [...this.#timers].filter(({ isBackground }) => !isBackground).length;
  }

  /** Resolves when everything that can happen at this time has happened. */
  async quiet(): Promise<void> {
    for (let turns = 0, seen = this.#touches; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (seen !== this.#touches) turns = 0;
      seen = this.#touches;
    }
  }

  /** Moves time to the next timer and fires it. `false`: there is none by `untilMs`. */
  async advance(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    await this.quiet();
    const next = this.#next();
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.task();
    await this.quiet();
    return true;
  }

  /** Lets time go on, timer by timer, until `isDone` or for `maxMs`. Gives whether it is done. */
  async runUntil(isDone: () => boolean, maxMs = 86_400_000): Promise<boolean> {
    const untilMs = this.#nowMs + maxMs;
    await this.quiet();
    while (!isDone()) if (!(await this.advance(untilMs))) return isDone();
    return true;
  }

  /** Lets exactly so much time go by. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    while (await this.advance(untilMs));
    this.#nowMs = untilMs;
    await this.quiet();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer;
    }
    return next;
  }
}
