import type { Plan } from '../core/plan.ts';
import type { BilledItem, BilledItemOf } from './billed-items.ts';
import { readUnits } from './billed-units.ts';

/** The results that later visits read: of each node the last. */
export class StandingResults {
  readonly #plan: Plan;
  readonly #run: number;
  readonly #byNode = new Map<string, BilledItemOf<'RESULT'>>();

  /** @param run of the execution, as META has it */
  constructor(plan: Plan, items: readonly BilledItem[], run: number) {
    this.#plan = plan;
    this.#run = run;
    for (const item of items) if (item.type === 'RESULT' && this.#isLater(item)) this.#byNode.set(item.item.node, item);
  }

  has(node: string): boolean {
    return this.#byNode.has(node);
  }

  /** To find a node's result. In a graph it is asked for under each run, from this one back, until it is there. */
  readUnits(node: string): number {
    const found = this.#byNode.get(node);
    const misses = this.#plan.kind === 'route' ? 0 : this.#run - (found?.item.run ?? 0);
    return found === undefined ? Math.max(1, misses) : readUnits(found.bytes) + misses;
  }

  /** Whether its output is an object of its own. */
  hasLargeOutput(node: string): boolean {
    return this.#byNode.get(node)?.item.output?.blob !== undefined;
  }

  #isLater({ item: { node, visit, run } }: BilledItemOf<'RESULT'>): boolean {
    const known = this.#byNode.get(node)?.item;
    return known === undefined || visit > known.visit || (visit === known.visit && run > known.run);
  }
}
