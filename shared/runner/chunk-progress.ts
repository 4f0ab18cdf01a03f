import * as z from 'zod';
import type { ChunkOutcome } from '../model/items.ts';
import { Json } from '../model/json.ts';
import { ErrorInfo, ItemFailure } from '../model/result.ts';

const Carried = z.object({
  outputs: z.array(Json),
  failures: z.array(ItemFailure),
  /** Items without an outcome yet. */
  pending: z.array(z.int()),
  /** Those of them that had their turn in this attempt, with why they are to be repeated. */
  retried: z.array(z.tuple([z.int(), ErrorInfo])).optional(),
  /** The longest of their delays. */
  retryInMs: z.number().optional(),
});

/** How far the items of one chunk are; what an attempt hands to the next one. */
export class ChunkProgress {
  readonly #outputs: Json[];
  readonly #failures: ItemFailure[];
  readonly #pending: Set<number>;
  readonly #retried: Map<number, ErrorInfo>;
  #retryInMs: number;
  #hasAdvanced = false;

  private constructor(
    outputs: Json[],
    failures: ItemFailure[],
    pending: Iterable<number>,
    retried: Iterable<readonly [number, ErrorInfo]> = [],
    retryInMs = 0,
  ) {
    this.#outputs = outputs;
    this.#failures = failures;
    this.#pending = new Set(pending);
    this.#retried = new Map(retried);
    this.#retryInMs = retryInMs;
  }

  static start(items: number): ChunkProgress {
    return new ChunkProgress(Array<Json>(items).fill(null), [], Array(items).keys());
  }

  static resume(carried: Json): ChunkProgress {
    const { outputs, failures, pending, retried, retryInMs } = Carried.parse(carried);
    return new ChunkProgress(outputs, failures, pending, retried, retryInMs);
  }

  /** After a redrive: what succeeded in the earlier run stays, the rest runs again. */
  static redrive({ outputs, failures }: ChunkOutcome): ChunkProgress {
    return new ChunkProgress(
      outputs,
      [],
      failures.map(({ index }) => index),
    );
  }

  /** Indexes still to run in this attempt. */
  pending(): readonly number[] {
    return [...this.#pending].filter((index) => !this.#retried.has(index));
  }

  /** Indexes without an outcome, those for the next attempt among them. */
  unsettled(): readonly number[] {
    return [...this.#pending];
  }

  /** Whether this attempt has brought anything. */
  get hasAdvanced(): boolean {
    return this.#hasAdvanced;
  }

  succeed(index: number, output: Json): void {
    this.#outputs[index] = output;
    this.#pending.delete(index);
    this.#hasAdvanced = true;
  }

  fail(index: number, error: ErrorInfo): void {
    this.#failures.push({ index, error });
    this.#pending.delete(index);
    this.#hasAdvanced = true;
  }

  /** Leaves an item for the next attempt. */
  retry(index: number, error: ErrorInfo, delayMs: number): void {
    this.#retried.set(index, error);
    this.#retryInMs = Math.max(this.#retryInMs, delayMs);
    this.#hasAdvanced = true;
  }

  /** When the next attempt is due, and why there is one; `undefined`: every item has its outcome. */
  nextAttempt(): { readonly error: ErrorInfo; readonly delayMs: number } | undefined {
    const [error] = this.#retried.values();
    return error === undefined ? undefined : { error, delayMs: this.#retryInMs };
  }

  /** For the next attempt, as JSON text for {@link ChunkProgress.resume}. */
  carry(): string {
    return JSON.stringify({ outputs: this.#outputs, failures: this.#failures, pending: [...this.#pending] });
  }

  /** For the rest of this attempt: an item that had its turn does not get another before the next one. */
  carryOn(): string {
    const base = { outputs: this.#outputs, failures: this.#failures, pending: [...this.#pending] };
    return JSON.stringify({ ...base, retried: [...this.#retried], retryInMs: this.#retryInMs });
  }

  outcome(): ChunkOutcome {
    return { outputs: this.#outputs, failures: this.#failures.toSorted((a, b) => a.index - b.index) };
  }
}
