import type { TriggerRule } from '../model/definition.ts';
import { type GraphPlan, isMapNode, nodeAt, type Plan } from './plan.ts';

/** A join of more parents is left to the scheduler: who finishes would read all the others' results. */
const MAX_JOIN_PARENTS = 8;
/** Sinks whose results the last one looks at, to end the execution itself. */
const MAX_SINKS = 8;

/** Rules under which a node with a single parent runs once that succeeded. */
const RUNS_AFTER_SUCCESS: ReadonlySet<TriggerRule> = new Set(['all_success', 'none_failed', 'all_done', 'any_success']);

/** What may follow a success without the scheduler, by node index. */
export interface Follow {
  /** Children that wait for nothing else. */
  readonly alone: readonly number[];
  /** Children that run once `others` have succeeded, too. */
  readonly joins: readonly { readonly node: number; readonly others: readonly number[] }[];
  /** The other sinks, if the execution has succeeded once they all have; absent: this is no sink, or that does not follow. */
  readonly otherSinks?: readonly number[];
}

/** What follows the success of a node of a graph. The rest is for the scheduler: failures, skips, maps, wide joins. */
export function followOf(plan: GraphPlan, index: number): Follow {
  const { children } = nodeAt(plan, index);
  const alone: number[] = [];
  const joins: { node: number; others: number[] }[] = [];
  for (const child of children) {
    const { definition, parents, rule } = nodeAt(plan, child);
    if (isMapNode(definition)) continue;
    if (parents.length === 1 && RUNS_AFTER_SUCCESS.has(rule)) alone.push(child);
    else if (parents.length > 1 && parents.length <= MAX_JOIN_PARENTS && rule === 'all_success')
      joins.push({ node: child, others: parents.filter((parent) => parent !== index) });
  }
  const isLast = children.length === 0 && plan.sinks.length <= MAX_SINKS && plan.endsWithSinks;
  return { alone, joins, ...(isLast && { otherSinks: plan.sinks.filter((sink) => sink !== index) }) };
}

/** Whether successors may be sent by those who finish: however they go, no more nodes are under way than the limit. */
export const fitsLimit = (plan: Plan, maxParallelNodes: number): boolean =>
  plan.kind === 'route' || plan.width <= maxParallelNodes;

/** What a start may send by itself. */
export const startsOf = (plan: Plan): readonly number[] => (plan.kind === 'graph' ? plan.roots : [plan.start]);

/**
 * Nodes at once, at the most: every node stands in one of so many chains, and of a chain one at a time. Found by giving each
 * node to the chain of a parent that ends there; there may be a decomposition into fewer.
 *
 * @param order parents before children
 */
export function widthOf(parents: readonly (readonly number[])[], order: readonly number[]): number {
  const isTail = new Uint8Array(parents.length);
  let chains = 0;
  for (const node of order) {
    const tail = (parents[node] ?? []).find((parent) => isTail[parent] === 1);
    if (tail === undefined) chains++;
    else isTail[tail] = 0;
    isTail[node] = 1;
  }
  return chains;
}
