import type { ExecutionId } from '../model/ids.ts';
import type { ResultItem } from '../model/items.ts';
import type { ItemKey } from '../ports/item-table.ts';
import { executionPk } from './keys.ts';
import { bytesInItem } from './payloads.ts';

/** Of what a result weighs beside its output. */
const RESULT_CHARACTERS = 1_000;

/**
 * Results that this process wrote or found, by their keys. They never change, so that none goes stale; whether there are
 * others only the table knows. Of executions whose results no longer fit the oldest go, whole.
 */
export class RecentResults {
  readonly #bound: number;
  readonly #executions = new Map<string, { characters: number; readonly results: Map<string, ResultItem> }>();
  #characters = 0;

  /** @param bound of all results together, in characters; 0: nothing is kept */
  constructor(bound: number) {
    this.#bound = bound;
  }

  keep(result: ResultItem): void {
    if (this.#bound === 0) return;
    const known = this.#executions.get(result.pk) ?? { characters: 0, results: new Map<string, ResultItem>() };
    this.#executions.set(result.pk, known);
    if (known.results.has(result.sk)) return;
    known.results.set(result.sk, result);
    known.characters += charactersOf(result);
    this.#characters += charactersOf(result);
    for (const oldest of this.#executions.keys()) {
      if (this.#characters <= this.#bound) break;
      this.#forget(oldest);
    }
  }

  find({ pk, sk }: ItemKey): ResultItem | undefined {
    return this.#executions.get(pk)?.results.get(sk);
  }

  hasAny(executionId: ExecutionId): boolean {
    return this.#executions.has(executionPk(executionId));
  }

  forget(executionId: ExecutionId): void {
    this.#forget(executionPk(executionId));
  }

  #forget(pk: string): void {
    this.#characters -= this.#executions.get(pk)?.characters ?? 0;
    this.#executions.delete(pk);
  }
}

const charactersOf = ({ output }: ResultItem): number =>
  RESULT_CHARACTERS + (output === undefined ? 0 : bytesInItem(output));
