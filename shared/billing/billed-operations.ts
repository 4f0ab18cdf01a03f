import * as z from 'zod';
import { nodeAt, type Plan } from '../core/plan.ts';
import { isTerminal } from '../model/result.ts';
import type { LifecycleScope } from '../observability/lifecycle-event.ts';
import { SWEEP_INTERVAL_MS, sweepIntervalAfter } from '../scheduler/sweep.ts';
import { billHistory } from './billed-history.ts';
import type { BilledItem, BilledItemOf } from './billed-items.ts';
import { billMessages } from './billed-messages.ts';
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

/** The start, what controlled it, the sweep's looks at it, and the end. */
function billMeta(meta: BilledItemOf<'META'>, eventsAtMs: readonly number[], nowMs: number): Partial<OperationCounts> {
  const {
    run,
    status,
    cachedFrom,
    cache,
    pausedAtMs,
    resumedAtMs,
    stop,
    settleElapsed,
    startedAtMs,
    redrivenAtMs,
    endedAtMs,
    input,
    globals,
    searchAttributes = {},
  } = meta.item;
  // The table's item and the one in the index of what is due, which has all of it.
  const open = writeUnits(meta.openBytes);
  const LISTED = 1;
  const ended = writeUnits(meta.bytes);
  // Each a small item of its own, and its place in the index of executions.
  const searched = 2 * Object.keys(searchAttributes).length;
  const start = {
    apiRequests: 1,
    invocations: 1,
    writeUnits: (cachedFrom === undefined ? 2 * open : ended) + LISTED + searched,
    objectPuts: [input, globals].filter((payload) => payload?.blob !== undefined).length,
  };
  if (cachedFrom !== undefined) return sumOperations([start, { readUnits: 1 }]);
  // Then what is done to it has the sweep look sooner than it would.
  const isPutOff = (atMs: number) => atMs - (redrivenAtMs ?? startedAtMs) > SWEEP_INTERVAL_MS;
  const flags = [
    ...(pausedAtMs === undefined ? [] : [{ isAsked: true, isListed: true }]),
    ...(resumedAtMs === undefined ? [] : [{ isAsked: true, isListed: true, isMoved: isPutOff(resumedAtMs) }]),
    ...(settleElapsed === undefined ? [] : [{ isAsked: false, isListed: false }]),
    ...(stop === undefined
      ? []
      : [{ isAsked: stop.reason === 'CANCELLED', isListed: false, isMoved: isPutOff(stop.atMs) }]),
    ...Array.from({ length: run - 1 }, () => ({ isAsked: true, isListed: true })),
  ].map(({ isAsked, isListed, isMoved = false }) => ({
    ...(isAsked && { apiRequests: 1, invocations: 1 }),
    // In the index of what is due it moves: one item goes, another comes.
    writeUnits: (isMoved ? 3 : 2) * open + (isListed ? LISTED : 0),
  }));
  const looks = countLooks(redrivenAtMs ?? startedAtMs, endedAtMs ?? nowMs, eventsAtMs);
  const sweep = {
    writeUnits: looks * 3 * open,
    readUnits: looks * (readUnits(meta.openBytes) + 1),
  };
  const end = { writeUnits: endsOf(meta) * (Math.max(open, ended) + open + LISTED) };
  // Looked up and claimed; kept if it succeeded.
  const caching =
    cache === undefined ? {} : { readUnits: 1, writeUnits: 1 + (status === 'SUCCEEDED' ? writeUnits(meta.bytes) : 0) };
  return sumOperations([start, ...flags, sweep, end, caching]);
}

/** How often the sweep looked at it: the less often, the longer nothing happened. */
function countLooks(startedAtMs: number, untilMs: number, eventsAtMs: readonly number[]): number {
  const events = eventsAtMs.toSorted((a, b) => a - b);
  let looks = 0;
  let heard = 0;
  for (let atMs = startedAtMs + SWEEP_INTERVAL_MS; atMs <= untilMs; looks++) {
    while ((events[heard] ?? Number.POSITIVE_INFINITY) <= atMs) heard++;
    atMs += sweepIntervalAfter(atMs - Math.max(startedAtMs, events[heard - 1] ?? 0));
  }
  return looks;
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

/** It ended before each redrive. */
const endsOf = ({ item: { run, status } }: BilledItemOf<'META'>): number => (isTerminal(status) ? run : run - 1);
