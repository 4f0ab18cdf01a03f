import { openWork } from '../../shared/core/open-work.ts';
import { nodeAt, type Plan } from '../../shared/core/plan.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { type MetaItem, StateItem } from '../../shared/model/items.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { ExecutionState } from '../../shared/model/state.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { MAX_QUEUE_DELAY_MS, type OutgoingMessage } from '../../shared/ports/task-queue.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { checkpointKey, chunkKey, executionIdOf, metaKey, resultKey } from '../../shared/store/keys.ts';
import { Invariants } from '../support/invariants.ts';
import { Accounting } from './accounting.ts';
import { CacheWatch } from './cache-watch.ts';
import { cutOffProblems, cutOffUnstopped } from './cut-off.ts';
import type { Dice } from './dice.ts';
import { endedVisits } from './ended-visits.ts';
import type { EventLoop } from './event-loop.ts';
import type { Faults } from './faults.ts';
import { flagProblems } from './flag-problems.ts';
import { sentTwiceProblems } from './handed-off.ts';
import { itemsOf } from './items-of.ts';
import type { MemoryBlobs } from './memory-blobs.ts';
import type { MemoryTable } from './memory-table.ts';
import { isAskedFor } from './process.ts';
import { rebuiltProblems } from './rebuilt.ts';

/** How many of the states that could be rebuilt are. */
const REBUILT = 0.1;
/** A stop waits for ten seconds; clocks may differ. */
const SETTLES_WITHIN_MS = 6_000;

interface WatchParts {
  readonly table: MemoryTable;
  readonly blobs: MemoryBlobs;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly loop: EventLoop;
  readonly dice: Dice;
  readonly faults: Faults;
  /** Bodies of all messages there are. */
  readonly waiting: () => readonly string[];
  /** No records of an execution are left, and nobody decides. */
  readonly isSettled: (executionId: string) => boolean;
  /** Messages were lost; records were: then what ought to follow from them may not. */
  readonly hasLost: { readonly message: boolean; readonly record: boolean };
  readonly violated: (what: string) => void;
  /** Told of each execution whose end is decided, and not written. */
  readonly onEnding: (executionId: string) => void;
  /** Told of each execution as it ends. */
  readonly onEnd: (executionId: string) => void;
}

/** Watches every change, message and log line for what must never be. */
export class Watch {
  /** Executions there are, by id. */
  readonly executions = new Map<string, Invariants>();
  readonly #parts: WatchParts;
  readonly #accounting: Accounting;
  readonly #cache: CacheWatch;
  readonly #pauses = new Map<string, number>();
  /** When each run was first known to stop. */
  readonly #stoppedMs = new Map<string, number>();
  readonly #sentOnce = new Map<string, Set<string>>();
  /** Executions that had a pause, or work that was parked. */
  readonly #heldUp = new Set<string>();
  #rebuilds = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const { table, plans, waiting, hasLost, violated } = parts;
    this.#cache = new CacheWatch({ table, loop: parts.loop, violated });
    this.#accounting = new Accounting({ table, waiting, hasLost, violated, planOf: (workflow) => plans.get(workflow) });
  }

  onSend(messages: readonly OutgoingMessage[]): void {
    for (const { body } of messages) {
      this.#accounting.onSend(body);
      const { executionId }: { executionId: string } = JSON.parse(body);
      this.#watching(executionId, (invariants) => invariants.onSend(body));
      this.#countSend(executionId, body);
    }
  }

  /** A message was handled, and removed from its queue. */
  onRemoved(body: string): void {
    if (!this.#parts.hasLost.message) this.#accounting.onRemoved(body);
  }

  /** The scheduler handled a batch. */
  onHandled(records: readonly ChangeRecord[]): void {
    if (!this.#parts.hasLost.message) this.#accounting.onHandled(records);
    for (const id of new Set(records.map(executionIdOf))) this.#rebuildSoon(ExecutionId.parse(id));
  }

  onChange(record: ChangeRecord): void {
    const { sk } = record.key;
    this.#cache.onChange(record);
    const executionId = executionIdOf(record);
    if (executionId === undefined) return;
    this.#accounting.onChange(record);
    if (sk.startsWith('EVENT#') || sk.startsWith('CHECKPOINT#')) return;
    if (sk === 'META' && record.after !== undefined) {
      if (record.after.status === 'PAUSED' || record.after.parked !== undefined) {
        this.#sentOnce.delete(executionId);
        this.#heldUp.add(executionId);
      }
      this.#adopt(executionId, record.after);
      if (record.after.stop !== undefined) this.#noteStop(executionId, Number(record.after.run));
      for (const problem of flagProblems(record)) this.#parts.violated(`${executionId}: ${problem}`);
      this.#countPause(record);
      if (isTerminal(parseMeta(record.after).status)) this.#onEnd(ExecutionId.parse(executionId), record.after);
    }
    const item = this.#parts.table.get(metaKey(ExecutionId.parse(executionId)));
    for (const problem of item === undefined ? [] : cutOffProblems(record, parseMeta(item)))
      this.#parts.violated(`${executionId}: ${problem}`);
    this.#watching(executionId, (invariants) => invariants.onChange(record));
    if (sk === 'STATE') this.#onStateReplaced(ExecutionId.parse(executionId), record);
  }

  /** What functions log as errors is what was asked for, or news. */
  onLog(line: string): void {
    const { level, message, error } = JSON.parse(line) as {
      level: string;
      message: string;
      error?: { message: string; stack?: string };
    };
    if (level !== 'error' || message === 'runner crashed' || isAskedFor(error?.message ?? '')) return;
    this.#parts.violated(`logged: ${message}: ${error?.stack ?? ''}`);
  }

  /** What a function throws is an outage it was given, a refusal, or news. */
  onThrown(name: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // Its reasons are logged, and looked at there.
    const isLogged = name === 'observer' && text.includes('could not be written');
    if (!(error instanceof FanjoinError) && !isAskedFor(text) && !isLogged)
      this.#parts.violated(`${name} threw: ${text}`);
  }

  onSweepFailed(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!isAskedFor(text)) this.#parts.violated(`a sweep failed: ${text}`);
  }

  /** Where nothing goes wrong, work is sent once, unless it was parked. */
  #countSend(executionId: string, body: string): void {
    const { kind, node, visit, chunk, attempt, run, notBeforeMs = 0 } = JSON.parse(body);
    // Beyond the longest delay of a queue it goes round, with less left to wait each time.
    const rounds = Math.ceil(Math.max(0, notBeforeMs - this.#parts.loop.nowMs) / MAX_QUEUE_DELAY_MS);
    const name = [run, kind, node, visit, chunk, attempt, rounds].join(' ');
    const sent = this.#sentOnce.get(executionId) ?? new Set();
    this.#sentOnce.set(executionId, sent);
    const { faults, violated } = this.#parts;
    if (sent.has(name) && faults.fired.length === 0) violated(`${executionId}: ${name} was sent twice`);
    sent.add(name);
  }

  /** The next state takes the place of one that is a checkpoint: by then that has an item of its own. */
  #onStateReplaced(executionId: ExecutionId, { before, after }: ChangeRecord): void {
    const next = StateItem.parse(after);
    const item = this.#parts.table.get(metaKey(executionId));
    const meta = item === undefined ? undefined : parseMeta(item);
    const plan = this.#parts.plans.get(meta?.workflow ?? '');
    const replaced = before === undefined ? undefined : StateItem.parse(before);
    const earlier = replaced?.state;
    if (meta !== undefined && plan !== undefined) {
      const problems = cutOffUnstopped(this.#parts.table, plan, meta, earlier, next);
      if (!this.#heldUp.has(executionId))
        problems.push(...sentTwiceProblems(this.#parts.table, plan, meta, replaced, next));
      for (const problem of problems) this.#parts.violated(`${executionId}: ${problem}`);
    }
    if (next.state.ending !== undefined && earlier?.ending === undefined) this.#parts.onEnding(executionId);
    if (next.state.stop !== undefined) this.#noteStop(executionId, next.state.run);
    if (replaced === undefined) return;
    const { state, revision } = replaced;
    this.#checkCut(executionId, state, next);
    const { table, violated } = this.#parts;
    if (state.checkpointRevision === revision && table.get(checkpointKey(executionId, revision)) === undefined)
      violated(`the checkpoint ${revision} of ${executionId} was not kept`);
  }

  /** A pause and each interval has its checkpoint, and so has what ends in a pause. */
  #checkCut(executionId: ExecutionId, before: ExecutionState, { state, revision }: StateItem): void {
    const { table, violated } = this.#parts;
    const item = table.get(metaKey(executionId));
    if (item === undefined || before.run !== state.run || state.ending !== undefined) return;
    const { enableCheckpoints, checkpointInterval } = parseMeta(item).config;
    const [earlier, ended] = [endedVisits(before), endedVisits(state)];
    const isPaused = state.paused && (!before.paused || ended > earlier);
    const isDue =
      enableCheckpoints && Math.floor(ended / checkpointInterval) > Math.floor(earlier / checkpointInterval);
    if ((isPaused || isDue) && state.checkpointRevision !== revision)
      violated(
        `${ended} visits of ${executionId} have ended${isPaused ? ' as it is paused' : ''}, and that is no checkpoint`,
      );
  }

  #noteStop(executionId: string, run: number): void {
    const name = `${executionId} ${run}`;
    if (!this.#stoppedMs.has(name)) this.#stoppedMs.set(name, this.#parts.loop.elapsedMs);
  }

  /** Who stops lets what runs settle for ten seconds. */
  #checkSettled(executionId: ExecutionId, { workflow, run, resultShards }: MetaItem, state: ExecutionState): void {
    const { plans, table, loop, violated } = this.#parts;
    const stoppedMs = this.#stoppedMs.get(`${executionId} ${run}`);
    const plan = plans.get(workflow);
    if (plan === undefined || stoppedMs === undefined || loop.elapsedMs - stoppedMs > SETTLES_WITHIN_MS) return;
    const { stop: _told, ...going } = state;
    for (const ref of openWork(plan, going as ExecutionState)) {
      if (ref.kind === 'settle') continue;
      const key = { executionId, run, resultShards, node: nodeAt(plan, ref.node).id, visit: ref.visit };
      const isSettled =
        table.get(resultKey(key)) !== undefined ||
        (ref.kind === 'chunk' && table.get(chunkKey(key, ref.chunk)) !== undefined);
      if (!isSettled && state.run === run)
        violated(`${executionId} ended ${loop.elapsedMs - stoppedMs} ms after it was to stop, and ${key.node} is open`);
    }
  }

  #adopt(executionId: string, item: Item): void {
    if (this.executions.has(executionId)) return;
    const meta = parseMeta(item);
    const { plans, table } = this.#parts;
    const plan = plans.get(meta.workflow);
    if (plan === undefined) return;
    const invariants = new Invariants(plan, meta.config.maxParallelNodes);
    this.executions.set(executionId, invariants);
    // Of one that goes on from a checkpoint all this was there before it was.
    for (const before of itemsOf(table, meta.executionId))
      if (before.sk !== 'META') invariants.onChange({ sequence: '0', key: before, after: before });
  }

  /** What pauses by itself does so at its points, at each once. */
  #countPause({ key, before, after }: ChangeRecord): void {
    const isOfUser = String(after?.changedBy).startsWith('api');
    if (before?.status !== 'RUNNING' || after?.status !== 'PAUSED' || isOfUser) return;
    const pauses = (this.#pauses.get(key.pk) ?? 0) + 1;
    this.#pauses.set(key.pk, pauses);
    const points = after.pauseBefore instanceof Set ? after.pauseBefore.size : 0;
    if (pauses > points) this.#parts.violated(`${key.pk} paused ${pauses} times at ${points} points`);
  }

  #onEnd(executionId: ExecutionId, item: Item): void {
    const { pk, run, status, cachedFrom, isHandedOff, changedBy } = item;
    const { faults, table, violated, onEnd } = this.#parts;
    // Sweeps end what is late, and what was lost.
    const isSwept = String(changedBy).startsWith('sweep') && status !== 'TIMED_OUT';
    if (isSwept && faults.fired.length === 0) violated(`nothing was lost of ${pk}, and a sweep had to end it`);
    const state = StateItem.safeParse(table.get({ pk, sk: 'STATE' }));
    // What was never decided on has no state.
    const isUndecided = run === 1 && isHandedOff === true && !state.success;
    if (cachedFrom === undefined && !isUndecided && state.data?.state.run !== run)
      violated(`run ${String(run)} of ${executionId} was ended by what is known of run ${state.data?.state.run}`);
    if (state.success) this.#checkSettled(executionId, parseMeta(item), state.data.state);
    onEnd(executionId);
  }

  #watching(executionId: string, look: (invariants: Invariants) => void): void {
    const invariants = this.executions.get(executionId);
    if (invariants === undefined) return;
    const before = invariants.violations.length;
    look(invariants);
    for (const what of invariants.violations.slice(before)) this.#parts.violated(`${executionId}: ${what}`);
  }

  /** Once all that is known of an execution is decided on, its state must be what its results tell. */
  #rebuildSoon(executionId: ExecutionId): void {
    const { dice, loop, hasLost, isSettled, table, blobs, plans, violated } = this.#parts;
    if (!dice.chance(`rebuild ${++this.#rebuilds}`, REBUILT)) return;
    loop.after(0, () => {
      if (!isSettled(executionId) || hasLost.record) return;
      const plan = plans.get(String(table.get(metaKey(executionId))?.workflow));
      if (plan === undefined) return;
      const clock = { nowMs: () => loop.nowMs, after: () => () => undefined };
      void rebuiltProblems({ table, blobs, clock, plan }, executionId).then((problems) => {
        for (const problem of problems) violated(`${executionId}: ${problem}`);
      });
    });
  }
}
