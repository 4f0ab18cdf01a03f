import type { Plan } from '../core/plan.ts';
import { areReadTogether } from '../store/result-store.ts';
import type { BilledItem, BilledItemOf } from './billed-items.ts';
import { readUnits } from './billed-units.ts';

/** The results that later visits read: of each node the last. */
export class StandingResults {
  readonly #plan: Plan;
  readonly #run: number;
  /** Of all of them, those of earlier runs too. */
  #bytes = 0;
  readonly #byNode = new Map<string, BilledItemOf<'RESULT'>>();

  /** @param run of the execution, as META has it */
  constructor(plan: Plan, items: readonly BilledItem[], run: number) {
    this.#plan = plan;
    this.#run = run;
    for (const item of items) {
      if (item.type !== 'RESULT') continue;
      this.#bytes += item.times * item.bytes;
      if (this.#isLater(item)) this.#byNode.set(item.item.node, item);
    }
  }

  has(node: string): boolean {
    return this.#byNode.has(node);
  }

  /** To find the results of several nodes. */
  readUnitsOfAll(nodes: readonly string[]): number {
    if (!areReadTogether(nodes.length, this.#plan.kind === 'graph' ? this.#plan.nodes.length : undefined))
      return nodes.reduce((sum, node) => sum + this.readUnits(node), 0);
    return readUnits(this.#bytes);
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
