import * as z from 'zod';
import { nodeAt, type Plan } from '../core/plan.ts';
import type { LifecycleScope } from '../observability/lifecycle-event.ts';
import { billHistory } from './billed-history.ts';
import type { BilledItem, BilledItemOf } from './billed-items.ts';
import { billMessages } from './billed-messages.ts';
import { billMeta, endsOf } from './billed-meta.ts';
import { StandingResults } from './billed-results.ts';
import { readUnits, writeUnits } from './billed-units.ts';
import { BilledVisits } from './billed-visits.ts';
import { OperationCounts, priceOf, sumOperations } from './prices.ts';

/** What an execution was billed for, and what that costs. */
export const BilledOperations = OperationCounts.extend({
  /** By the list prices of `billing/prices.ts`, in USD. */
  estimatedUsd: z.number(),
});
export type BilledOperations = Readonly<z.infer<typeof BilledOperations>>;

/** What of a stack changes what an execution costs. */
export interface BilledStack {
  /** In MB, of the function that runs a pool's nodes. */
  readonly memoryMbOf: (pool: string) => number;
  readonly lifecycleEvents: LifecycleScope | 'none';
}
/** As it is deployed unless something else is asked for. */
export const DEFAULT_STACK: BilledStack = { memoryMbOf: () => 1_024, lifecycleEvents: 'executions' };

interface Parts {
  readonly plan: Plan;
  readonly items: readonly BilledItem[];
  readonly stack: BilledStack;
  readonly nowMs: number;
}

/**
 * What an execution was billed for on AWS, or would have been, derived from what stands of it: nothing is written down for
 * it while it runs. What leaves no trace is not in it: deliveries that came again and writes that lost a race; reads of
 * what an instance did not remember; who looked at the execution; the time that functions take besides the runner's work;
 * polls of queues that were empty; the metrics of its workflow, its definition, and what nodes cache. Executions that run
 * side by side share invocations, so that each costs a little less than this.
 */
export function computeBilledOperations({ plan, items, stack, nowMs }: Parts): BilledOperations {
  const meta = items.find((item) => item.type === 'META');
  const state = items.find((item) => item.type === 'STATE');
  if (meta === undefined) return { ...sumOperations([]), estimatedUsd: 0 };
  const results = new StandingResults(plan, items, meta.item.run);
  const visits = new BilledVisits({ plan, items, meta, results });
  const counts = sumOperations([
    ...items.map(billWrite),
    billMeta(
      meta,
      items.flatMap(({ events }) => events.map(({ atMs }) => atMs)),
      nowMs,
    ),
    billScheduler(meta, state),
    billEnding(plan, meta, items, results),
    ...visits.counts,
    billMessages(visits.messages, {
      memoryMbOf: stack.memoryMbOf,
      lookUnits: readUnits(meta.openBytes),
      instances: visits.instances,
    }),
    billHistory(
      items.flatMap(({ events, times }) => events.map((event) => ({ ...event, times }))),
      stack.lifecycleEvents,
    ),
    billCounting(meta, items),
  ]);
  return { ...counts, estimatedUsd: priceOf(counts) };
}

/** What is put once. META is changed again and again, and each revision of STATE is put anew. */
function billWrite(item: BilledItem): Partial<OperationCounts> {
  if (item.type === 'META') return {};
  const units = item.times * writeUnits(item.bytes);
  return { writeUnits: item.type === 'STATE' ? units * item.item.revision : units };
}

/** The scheduler's invocations and reads. It remembers what it decided on, so that it reads the state once. */
const billScheduler = (
  meta: BilledItemOf<'META'>,
  state: BilledItemOf<'STATE'> | undefined,
): Partial<OperationCounts> =>
  state === undefined ? {} : { invocations: state.item.revision, readUnits: readUnits(meta.openBytes) + 1 };

/** What the end is made of. Who ran the last node and ended the execution has most of it in hand. */
function billEnding(
  plan: Plan,
  meta: BilledItemOf<'META'>,
  items: readonly BilledItem[],
  results: StandingResults,
): Partial<OperationCounts> {
  const { status, failedNode, cachedFrom } = meta.item;
  if (cachedFrom !== undefined) return {};
  const ending = status === 'SUCCEEDED' ? endingNodes(plan, results) : failedNode === undefined ? [] : [failedNode];
  const last = items.find(
    (item) => item.type === 'RESULT' && item.item.ends === true && item.item.run === meta.item.run,
  );
  const inHand = (id: string) =>
    last?.type === 'RESULT' && (plan.kind === 'graph' || last.item.node === id) && status === 'SUCCEEDED';
  const missing = ending.filter((id) => !inHand(id));
  const isComposed = ending.length > 1;
  return {
    readUnits: results.readUnitsOfAll(missing),
    objectGets: isComposed ? ending.filter((id) => results.hasLargeOutput(id)).length : 0,
    objectPuts: isComposed && meta.item.output?.blob !== undefined ? 1 : 0,
  };
}

/** The nodes whose outputs make the execution's. */
function endingNodes(plan: Plan, results: StandingResults): readonly string[] {
  const ids = plan.nodes.map(({ id }) => id).filter((id) => results.has(id));
  if (plan.kind === 'route') return ids;
  if (plan.definition.strategy === 'sequential') return ids.slice(-1);
  return plan.sinks.map((sink) => nodeAt(plan, sink).id).filter((id) => results.has(id));
}

/** For the metrics of its workflow, the observer reads every result once an execution has ended. */
function billCounting(meta: BilledItemOf<'META'>, items: readonly BilledItem[]): Partial<OperationCounts> {
  const bytes = items.reduce((sum, item) => (item.type === 'RESULT' ? sum + item.times * item.bytes : sum), 0);
  return { readUnits: endsOf(meta) * readUnits(bytes) };
}
