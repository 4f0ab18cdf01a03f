import * as z from 'zod';
import type { ChunkOutcome } from '../model/items.ts';
import { Json } from '../model/json.ts';
import { type ErrorInfo, ItemFailure } from '../model/result.ts';

const Carried = z.object({
  outputs: z.array(Json),
  failures: z.array(ItemFailure),
  /** Items without an outcome yet. */
  pending: z.array(z.int()),
});

/** How far the items of one chunk are; what an attempt hands to the next one. */
export class ChunkProgress {
  readonly #outputs: Json[];
  readonly #failures: ItemFailure[];
  readonly #pending: Set<number>;
  readonly #retried = new Map<number, ErrorInfo>();
  #hasAdvanced = false;

  private constructor(outputs: Json[], failures: ItemFailure[], pending: Iterable<number>) {
    this.#outputs = outputs;
    this.#failures = failures;
    this.#pending = new Set(pending);
  }

  static start(items: number): ChunkProgress {
    return new ChunkProgress(Array<Json>(items).fill(null), [], Array(items).keys());
  }

  static resume(carried: Json): ChunkProgress {
    const { outputs, failures, pending } = Carried.parse(carried);
    return new ChunkProgress(outputs, failures, pending);
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
  retry(index: number, error: ErrorInfo): void {
    this.#retried.set(index, error);
    this.#hasAdvanced = true;
  }

  firstRetried(): ErrorInfo | undefined {
    return this.#retried.values().next().value;
  }

  /** As JSON text, for {@link ChunkProgress.resume}. */
  carry(): string {
    return JSON.stringify({ outputs: this.#outputs, failures: this.#failures, pending: [...this.#pending] });
  }

  outcome(): ChunkOutcome {
    return { outputs: this.#outputs, failures: this.#failures.toSorted((a, b) => a.index - b.index) };
  }
}
