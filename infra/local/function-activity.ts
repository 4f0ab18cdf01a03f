import type { Failure, FunctionStatus } from './stack-status.ts';

/** Of so many invocations the durations are kept. */
const MAX_DURATIONS = 1_000;
/** So many of its last failures are kept. */
const MAX_FAILURES = 20;

/** What a function did so far. */
export class FunctionActivity {
  readonly #durationsMs: number[] = [];
  #invocations = 0;
  #errors = 0;
  #throttles = 0;
  #running = 0;
  #mostRunning = 0;
  readonly #failures: Failure[] = [];

  /** How often it was invoked. */
  get invocations(): number {
    return this.#invocations;
  }

  /** Invocations under way. */
  get running(): number {
    return this.#running;
  }

  began(): void {
    this.#invocations++;
    this.#running++;
    this.#mostRunning = Math.max(this.#mostRunning, this.#running);
  }

  /** @param failure why it failed. Absent: it did not */
  ended(durationMs: number, failure?: string): void {
    this.#running--;
    this.#durationsMs.push(durationMs);
    if (this.#durationsMs.length > MAX_DURATIONS) this.#durationsMs.shift();
    if (failure === undefined) return;
    this.#errors++;
    this.#failures.push({ atMs: Date.now(), message: failure });
    if (this.#failures.length > MAX_FAILURES) this.#failures.shift();
  }

  throttled(): void {
    this.#throttles++;
  }

  status(name: string): FunctionStatus {
    const sorted = this.#durationsMs.toSorted((a, b) => a - b);
    const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
    return {
      name,
      invocations: this.#invocations,
      errors: this.#errors,
      throttles: this.#throttles,
      running: this.#running,
      mostRunning: this.#mostRunning,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      failures: [...this.#failures],
    };
  }
}
