import type { NodeContext } from '../../shared/nodes/node-context.ts';

/** Watches that each attempt at the same work has the same idempotency key, in every run, and other work another. */
export class IdempotencyKeys {
  readonly #keyOf = new Map<string, string>();
  readonly #workOf = new Map<string, string>();

  problems({ executionId, nodeId, visit, itemIndex, idempotencyKey: key }: NodeContext): string[] {
    const work = [executionId, nodeId, visit, itemIndex].join(' ');
    const problems: string[] = [];
    const [known, owner] = [this.#keyOf.get(work) ?? key, this.#workOf.get(key) ?? work];
    if (known !== key) problems.push(`the work ${work} has the idempotency keys ${known} and ${key}`);
    if (owner !== work) problems.push(`${owner} and ${work} have the idempotency key ${key}`);
    this.#keyOf.set(work, key);
    this.#workOf.set(key, work);
    return problems;
  }
}
