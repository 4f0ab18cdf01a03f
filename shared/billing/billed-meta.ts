import { isTerminal } from '../model/result.ts';
import { WATCHED_AFTER_MS } from '../scheduler/start-watch.ts';
import { firstLook, SWEEP_INTERVAL_MS, sweepIntervalAfter } from '../scheduler/sweep.ts';
import type { BilledItemOf } from './billed-items.ts';
import { readUnits, writeUnits } from './billed-units.ts';
import { type OperationCounts, sumOperations } from './prices.ts';

type Meta = BilledItemOf<'META'>;
type Counts = Partial<OperationCounts>;

/** Its place in the index of executions: it gets it at the start; an end without success changes it, and a redrive again. */
const LISTED = 1;

/** The start, what controlled it, the sweep's looks at it, and the end. */
export function billMeta(meta: Meta, eventsAtMs: readonly number[], nowMs: number): Counts {
  const { status, cachedFrom, cache } = meta.item;
  const start = billStart(meta);
  if (cachedFrom !== undefined) return sumOperations([start, { readUnits: 1 }, billWatch(meta)]);
  const due = new DueTimes(meta);
  // Looked up and claimed; kept if it succeeded.
  const caching =
    cache === undefined ? {} : { readUnits: 1, writeUnits: 1 + (status === 'SUCCEEDED' ? writeUnits(meta.bytes) : 0) };
  return sumOperations([
    start,
    ...billControl(meta, due),
    billWatch(meta),
    billSweep(meta, due, eventsAtMs, nowMs),
    billEnds(meta, due, nowMs),
    caching,
  ]);
}

/** When an execution is in the index of what is due, which has all of its item. */
class DueTimes {
  /** Its deadline comes before the watch of starts would see it, or it goes on from a checkpoint. */
  readonly fromStart: boolean;
  /** Of the last run. */
  readonly firstLookAtMs: number;
  readonly #runStartedAtMs: number;
  readonly #isSinceRunStarted: boolean;

  constructor({ item: { run, startedAtMs, redrivenAtMs, deadlineAtMs, origin } }: Meta) {
    this.#runStartedAtMs = redrivenAtMs ?? startedAtMs;
    this.fromStart = origin !== undefined || firstLook(deadlineAtMs, this.#runStartedAtMs, true) !== undefined;
    this.#isSinceRunStarted = this.fromStart || run > 1;
    this.firstLookAtMs = this.#isSinceRunStarted
      ? this.#runStartedAtMs + SWEEP_INTERVAL_MS
      : startedAtMs + WATCHED_AFTER_MS + SWEEP_INTERVAL_MS / 2;
  }

  isIn(atMs: number): boolean {
    return this.#isSinceRunStarted || atMs >= this.firstLookAtMs;
  }

  /** Writes of what has the sweep look soon: where it would have looked later, one item of the index goes, another comes. */
  writesToMove(atMs: number): number {
    return this.isIn(atMs) && atMs - this.#runStartedAtMs > SWEEP_INTERVAL_MS ? 3 : 2;
  }
}

function billStart(meta: Meta): Counts {
  const { cachedFrom, input, globals, searchAttributes = {} } = meta.item;
  const isDue = cachedFrom === undefined && new DueTimes(meta).fromStart;
  const written = writeUnits(cachedFrom === undefined ? meta.openBytes : meta.bytes);
  return {
    apiRequests: 1,
    invocations: 1,
    // Each search attribute is a small item of its own, and its place in the index of executions.
    writeUnits: (isDue ? 2 : 1) * written + LISTED + 2 * Object.keys(searchAttributes).length,
    objectPuts: [input, globals].filter((payload) => payload?.blob !== undefined).length,
  };
}

/** Pauses, resumes, stops and redrives. */
function billControl(
  { item: { run, pausedAtMs, resumedAtMs, settleElapsed, stop }, openBytes }: Meta,
  due: DueTimes,
): Counts[] {
  return [
    ...(pausedAtMs === undefined ? [] : [{ isAsked: true, writes: due.isIn(pausedAtMs) ? 2 : 1 }]),
    ...(resumedAtMs === undefined ? [] : [{ isAsked: true, writes: due.writesToMove(resumedAtMs) }]),
    ...(settleElapsed === undefined ? [] : [{ isAsked: false, writes: 2 }]),
    ...(stop === undefined ? [] : [{ isAsked: stop.reason === 'CANCELLED', writes: due.writesToMove(stop.atMs) }]),
    ...Array.from({ length: run - 1 }, () => ({ isAsked: true, writes: 2, listed: LISTED })),
  ].map(({ isAsked, writes, listed = 0 }: { isAsked: boolean; writes: number; listed?: number }) => ({
    ...(isAsked && { apiRequests: 1, invocations: 1 }),
    writeUnits: writes * writeUnits(openBytes) + listed,
  }));
}

/** It reads what started, unless the index tells how it ended; such a read may lag, for half the price. */
const billWatch = ({ item: { status }, openBytes }: Meta): Counts => ({
  readUnits: isTerminal(status) && status !== 'SUCCEEDED' ? 0 : readUnits(openBytes) / 2,
});

function billSweep(meta: Meta, due: DueTimes, eventsAtMs: readonly number[], nowMs: number): Counts {
  const looks = countLooks(meta, due.firstLookAtMs, eventsAtMs, nowMs);
  // Each look moves it in the index, but for the first of one that was not in it.
  const moves = looks * 3 - (looks > 0 && !due.isIn(0) ? 1 : 0);
  return {
    writeUnits: moves * writeUnits(meta.openBytes),
    readUnits: looks * (readUnits(meta.openBytes) + 1),
  };
}

/** How often the sweep looked at it: the less often, the longer nothing happened. */
function countLooks(
  { item: { startedAtMs, redrivenAtMs = startedAtMs, endedAtMs } }: Meta,
  firstLookAtMs: number,
  eventsAtMs: readonly number[],
  nowMs: number,
): number {
  const events = eventsAtMs.toSorted((a, b) => a - b);
  let looks = 0;
  let heard = 0;
  for (let atMs = firstLookAtMs; atMs <= (endedAtMs ?? nowMs); looks++) {
    while ((events[heard] ?? Number.POSITIVE_INFINITY) <= atMs) heard++;
    atMs += sweepIntervalAfter(atMs - Math.max(redrivenAtMs, events[heard - 1] ?? 0));
  }
  return looks;
}

function billEnds(meta: Meta, due: DueTimes, nowMs: number): Counts {
  const { run, status, endedAtMs, stop, resumedAtMs } = meta.item;
  const open = writeUnits(meta.openBytes);
  const isDueAtEnd = due.isIn(endedAtMs ?? nowMs) || stop !== undefined || resumedAtMs !== undefined;
  const earlier = (run - 1) * ((due.fromStart ? 2 : 1) * open + LISTED);
  if (!isTerminal(status)) return { writeUnits: earlier };
  const last = Math.max(open, writeUnits(meta.bytes)) + (isDueAtEnd ? open : 0);
  return { writeUnits: earlier + last + (status === 'SUCCEEDED' ? 0 : LISTED) };
}

/** It ended before each redrive. */
export const endsOf = ({ item: { run, status } }: Meta): number => (isTerminal(status) ? run : run - 1);
