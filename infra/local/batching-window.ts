/**
 * How long a source may gather records for a batch. The next window begins as soon as the invocation before completes; one
 * that ended without a record is followed by one that begins with the next record.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 */
export class BatchingWindow {
  readonly #lengthMs: number;
  #startMs = Number.NEGATIVE_INFINITY;

  constructor(lengthSeconds: number) {
    this.#lengthMs = lengthSeconds * 1_000;
  }

  /** When to invoke with what has come since a first record came. */
  endMs(firstAtMs: number): number {
    const endMs = this.#startMs + this.#lengthMs;
    return endMs > firstAtMs ? endMs : firstAtMs + this.#lengthMs;
  }

  /** An invocation has completed. */
  restart(nowMs: number): void {
    this.#startMs = nowMs;
  }
}
