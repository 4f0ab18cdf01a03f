import type { WorkRef } from '../core/events.ts';
import { startsOf } from '../core/hand-off.ts';
import { firstWork } from '../core/open-work.ts';
import { nodeAt, timeoutSecondsOf } from '../core/plan.ts';
import type { MetaItem } from '../model/items.ts';
import type { Clock } from '../ports/clock.ts';
import { type DueExecutions, dueShards, SWEPT_AGAIN_MS } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { SETTLE_MS } from './dispatcher.ts';
import type { Reconciler } from './reconcile.ts';
import { type StartWatch, WATCHED_AFTER_MS } from './start-watch.ts';

/** How often the sweep runs, and looks at an open execution that moves. */
export const SWEEP_INTERVAL_MS = SWEPT_AGAIN_MS;
/** How often it looks at one that does not. */
const LONGEST_INTERVAL_MS = 10 * 60_000;
/** A queue's message comes again by itself for so long; only then is work without a sign of life sent again. */
const NO_PROGRESS_MS = 30 * 60_000;
const SHARDS_AT_ONCE = 4;
/** Of each shard, and of each workflow that is watched, so many executions are looked at side by side: two hundred in all, whose results pass through memory. */
const PAGE = 25;

export interface SweepParts {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly clock: Clock;
  readonly isOurs?: (meta: MetaItem) => boolean;
  /** Finds those that last. Absent: executions are in the index of what is due from their start. */
  readonly watch?: StartWatch;
  /** Whether to send again what gave no sign of life for long. Default: so; not where messages cannot be lost. */
  readonly resends?: boolean;
}

export interface SweepReport {
  readonly looked: number;
  readonly timedOut: number;
  /** Of these something had been lost, and is made good. */
  readonly repaired: number;
  /** Executions that only a newer version of fanjoin can look at. */
  readonly newer: number;
  /** Executions that could not be looked at; they stay due. */
  readonly failed: readonly { readonly executionId: string; readonly error: unknown }[];
}
type OpenReport = { -readonly [Field in keyof Omit<SweepReport, 'failed'>]: number } & {
  readonly failed: SweepReport['failed'][number][];
};

/**
 * Looks at the open executions that are due: ends those over their deadline, and makes good what was lost — a start
 * or a change record that never arrived, a stop that did not come to its end, sends that went missing.
 */
export class Sweep {
  readonly #store: Store;
  readonly #reconciler: Reconciler;
  readonly #clock: Clock;
  readonly #watch: StartWatch | undefined;
  readonly #isOurs: (meta: MetaItem) => boolean;
  readonly #resends: boolean;

  /** @param isOurs whether to repair an execution; others are only put off. Default: all. */
  constructor({ store, reconciler, clock, watch, isOurs = () => true, resends = true }: SweepParts) {
    this.#resends = resends;
    this.#watch = watch;
    this.#store = store;
    this.#isOurs = isOurs;
    this.#reconciler = reconciler;
    this.#clock = clock;
  }

  /** One pass over what lasts and all that is due now. What cannot be read keeps nothing else from being swept. */
  async run(): Promise<SweepReport> {
    const report: OpenReport = { looked: 0, timedOut: 0, repaired: 0, newer: 0, failed: [] };
    const shards = dueShards.values();
    const faults: unknown[] = [];
    const note = (error: unknown) => {
      faults.push(error);
    };
    const sweepNext = async () => {
      for (const shard of shards) await this.#sweepShard(shard, report).catch(note);
    };
    // Side by side: a long backlog of starts puts off no deadline, nor the other way round.
    const watch = this.#watch?.run((found) => this.#lookAtNew(found, report)).catch(note);
    await Promise.all([watch, ...Array.from({ length: SHARDS_AT_ONCE }, sweepNext)]);
    if (faults.length > 0) throw faults[0];
    return report;
  }

  async #sweepShard(shard: string, report: OpenReport): Promise<void> {
    for (;;) {
      const found = await this.#store.executions.loadDue(shard, this.#clock.nowMs(), PAGE);
      const length = found.due.length + found.newer.length + found.corrupt.length;
      const { failed, notPutOff } = await this.#lookAtAll(found, report);
      // A page that is due as before would come again and again.
      if (length < PAGE || failed + notPutOff === length) return;
    }
  }

  /** A page at a time, as what is due. Gives whether each was looked at. */
  async #lookAtNew({ due, newer, corrupt }: DueExecutions, report: OpenReport): Promise<boolean> {
    await this.#lookAtAll({ due: [], newer, corrupt }, report);
    let failed = 0;
    for (let start = 0; start < due.length; start += PAGE) {
      const page = { due: due.slice(start, start + PAGE), newer: [], corrupt: [] };
      failed += (await this.#lookAtAll(page, report)).failed;
    }
    return failed === 0;
  }

  /** Gives how many it failed to look at, and of how many more nothing can be written. */
  async #lookAtAll({ due, newer, corrupt }: DueExecutions, report: OpenReport) {
    // Only put off: else they would be the first of every page.
    const unread = [...newer, ...corrupt.map(({ meta }) => meta)];
    const dueAtMs = nextLook({}, this.#clock.nowMs());
    const putOff = await Promise.all(unread.map((meta) => this.#store.executions.postpone(meta, dueAtMs)));
    report.newer += newer.length;
    report.failed.push(...corrupt.map(({ meta: { executionId }, error }) => ({ executionId, error })));
    let failed = 0;
    await Promise.all(
      due.map(async (meta) => {
        try {
          await this.#look(meta, report);
        } catch (error) {
          failed++;
          report.failed.push({ executionId: meta.executionId, error });
        }
      }),
    );
    report.looked += due.length;
    return { failed, notPutOff: putOff.filter((isPutOff) => !isPutOff).length };
  }

  async #look(meta: MetaItem, report: OpenReport): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const { executions } = this.#store;
    const snapshot = await executions.loadSnapshot(meta.executionId).catch(async (error: unknown) => {
      await executions.postpone(meta, nextLook(meta, nowMs));
      throw error;
    });
    const idleMs = nowMs - (snapshot?.state?.savedAtMs ?? meta.startedAtMs);
    // First, so that a failure below does not make it due at once again and again.
    await executions.postpone(meta, nextLook(meta, nowMs, idleMs));
    if (!this.#isOurs(meta)) return;
    const isOver = nowMs >= meta.deadlineAtMs && meta.stop === undefined;
    if (isOver && (await executions.requestStop(meta, 'TIMED_OUT', nowMs)) !== undefined) report.timedOut++;
    if (meta.stop !== undefined && nowMs - meta.stop.atMs > 2 * SETTLE_MS) await executions.markSettleElapsed(meta);
    if (isOver || snapshot?.state === undefined || idleMs >= SWEEP_INTERVAL_MS) {
      // What is paused gives no sign of life, and its work is parked, not lost.
      const mayBeLost = this.#resends && meta.status !== 'PAUSED';
      const isStalled = mayBeLost && idleMs >= NO_PROGRESS_MS;
      const lost = mayBeLost && !isStalled ? await this.#lostStarts(meta, idleMs) : [];
      const options = { resend: isStalled ? ('stalled' as const) : undefined, lost };
      const isRepaired = await this.#reconciler.reconcile(meta.executionId, options);
      if (isRepaired && !isOver) report.repaired++;
    }
  }

  /**
   * Whoever started it may have died before all the first nodes were sent: those that gave no sign of life until after their
   * timeout, while nothing else moved.
   */
  async #lostStarts(meta: MetaItem, idleMs: number): Promise<WorkRef[]> {
    const { isHandedOff, run, workflow, definitionHash } = meta;
    if (isHandedOff !== true || run > 1) return [];
    const plan = await this.#store.definitions.loadPlan(workflow, definitionHash);
    const starts = startsOf(plan).map((index) => nodeAt(plan, index));
    const longestMs = 1_000 * Math.max(...starts.map(timeoutSecondsOf));
    if (idleMs < longestMs + SWEEP_INTERVAL_MS) return [];
    const visits = starts.map(({ id }) => ({ node: id, visit: 1 }));
    const ended = await this.#store.results.loadResults(meta, visits);
    const tried = new Set<string>();
    for await (const { node } of this.#store.results.attempts(meta)) tried.add(node);
    return starts.filter(({ id }) => !ended.has(id) && !tried.has(id)).map(({ index }) => firstWork(plan, index));
  }
}

/** When a new execution is to be looked at; `undefined`: it is watched, and that comes in time for its deadline. */
export const firstLook = (deadlineAtMs: number, nowMs: number, isWatched: boolean): number | undefined =>
  isWatched && deadlineAtMs - nowMs >= WATCHED_AFTER_MS + SWEEP_INTERVAL_MS
    ? undefined
    : nextLook({ deadlineAtMs }, nowMs);

/**
 * At the deadline at the latest; else after an interval, or, where nothing happens, after as long as nothing has.
 * @param idleMs since the scheduler last decided anything
 */
export function nextLook(
  { deadlineAtMs = 0, stop }: Partial<Pick<MetaItem, 'deadlineAtMs' | 'stop'>>,
  nowMs: number,
  idleMs = 0,
): number {
  // What stops comes to its end within seconds.
  if (stop !== undefined) return nowMs + SWEEP_INTERVAL_MS;
  const next = nowMs + sweepIntervalAfter(idleMs);
  return deadlineAtMs > nowMs ? Math.min(next, deadlineAtMs) : next;
}

/** Until an execution is looked at again in which nothing has happened for so long. */
export const sweepIntervalAfter = (idleMs: number): number =>
  Math.min(Math.max(SWEEP_INTERVAL_MS, idleMs), LONGEST_INTERVAL_MS);
