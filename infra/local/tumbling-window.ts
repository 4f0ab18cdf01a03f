import * as z from 'zod';

const Response = z.object({ state: z.record(z.string(), z.unknown()) });

/** What Lambda adds to an invocation whose event source has windows. */
export interface WindowFields {
  readonly window: { readonly start: string; readonly end: string };
  readonly state: Readonly<Record<string, unknown>>;
  readonly shardId: string;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

/** The tumbling windows of one shard: the state goes from one invocation to the next, and a last one closes each window. */
export class TumblingWindow {
  readonly #lengthMs: number;
  readonly #shardId: string;
  #startMs: number | undefined;
  #state: Readonly<Record<string, unknown>> = {};

  constructor(lengthMs: number, shardId: string) {
    this.#lengthMs = lengthMs;
    this.#shardId = shardId;
  }

  /** When the open window is over; `undefined`: none is open. */
  get endMs(): number | undefined {
    return this.#startMs === undefined ? undefined : this.#startMs + this.#lengthMs;
  }

  /** Of an invocation with records; opens a window if none is. */
  open(nowMs: number): WindowFields {
    this.#startMs ??= Math.floor(nowMs / this.#lengthMs) * this.#lengthMs;
    return this.#fields(this.#startMs, false);
  }

  /** Of the last invocation of the open window. */
  closing(): WindowFields | undefined {
    return this.#startMs === undefined ? undefined : this.#fields(this.#startMs, true);
  }

  /** Keeps the state that an invocation returned. `false`: it returned none, and so has failed. */
  keep(result: unknown): boolean {
    const response = Response.safeParse(result);
    if (response.success) this.#state = response.data.state;
    return response.success;
  }

  close(): void {
    this.#startMs = undefined;
    this.#state = {};
  }

  #fields(startMs: number, isFinalInvokeForWindow: boolean): WindowFields {
    return {
      window: { start: new Date(startMs).toISOString(), end: new Date(startMs + this.#lengthMs).toISOString() },
      state: this.#state,
      shardId: this.#shardId,
      isFinalInvokeForWindow,
      isWindowTerminatedEarly: false,
    };
  }
}
