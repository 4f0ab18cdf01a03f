import * as z from 'zod';

const Response = z.object({ state: z.record(z.string(), z.unknown()) });

/** What Lambda adds to an invocation whose event source has windows. */
export interface WindowFields {
  /** In whole seconds: `2026-01-31T12:00:00Z`. */
  readonly window: { readonly start: string; readonly end: string };
  readonly state: Readonly<Record<string, unknown>>;
  readonly shardId: string;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

/** A larger state ends its window early. */
const MAX_STATE_BYTES = 1_048_576;

/**
 * The tumbling windows of one shard: each record belongs to the one of the time when it came into the stream, the state goes
 * from one invocation to the next, and a last one closes each window.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
 */
export class TumblingWindow {
  readonly #lengthMs: number;
  readonly #shardId: string;
  #startMs: number | undefined;
  #closedUntilMs = Number.NEGATIVE_INFINITY;
  #state: Readonly<Record<string, unknown>> = {};
  #isFull = false;

  constructor(lengthMs: number, shardId: string) {
    this.#lengthMs = lengthMs;
    this.#shardId = shardId;
  }

  /** When the open window is over; `undefined`: none is open. */
  get endMs(): number | undefined {
    return this.#startMs === undefined ? undefined : this.#startMs + this.#lengthMs;
  }

  /** Whether the open window ends before its time: its state has grown too large. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether a record of this time belongs to a later window than the one that is open. */
  isPast(recordAtMs: number): boolean {
    return this.endMs !== undefined && recordAtMs >= this.endMs;
  }

  /** Of an invocation with records, the first of this time; opens its window if none is. */
  open(recordAtMs: number): WindowFields {
    // One that comes after its window was closed counts in the next: what was made of a window stays as it is.
    const atMs = Math.max(recordAtMs, this.#closedUntilMs);
    this.#startMs ??= Math.floor(atMs / this.#lengthMs) * this.#lengthMs;
    return this.#fields(this.#startMs, false);
  }

  /** Of the last invocation of the open window. */
  closing(): WindowFields | undefined {
    return this.#startMs === undefined ? undefined : this.#fields(this.#startMs, true);
  }

  /** Keeps the state that an invocation returned. `false`: it returned none, and so has failed. */
  keep(result: unknown): boolean {
    const response = Response.safeParse(result);
    if (!response.success) return false;
    this.#state = response.data.state;
    this.#isFull = Buffer.byteLength(JSON.stringify(this.#state)) > MAX_STATE_BYTES;
    return true;
  }

  close(): void {
    // After one that ended early, what is left of its time is a window, too.
    if (this.endMs !== undefined && !this.#isFull) this.#closedUntilMs = this.endMs;
    this.#startMs = undefined;
    this.#state = {};
    this.#isFull = false;
  }

  #fields(startMs: number, isFinalInvokeForWindow: boolean): WindowFields {
    return {
      window: { start: inSeconds(startMs), end: inSeconds(startMs + this.#lengthMs) },
      state: this.#state,
      shardId: this.#shardId,
      isFinalInvokeForWindow,
      isWindowTerminatedEarly: isFinalInvokeForWindow && this.#isFull,
    };
  }
}

const inSeconds = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
