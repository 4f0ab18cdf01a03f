import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isCheckpoint } from '../core/checkpoint.ts';
import { decide } from '../core/decide.ts';
import type { CoreEvent, Decision, WorkRef } from '../core/events.ts';
import { initialState } from '../core/initial-state.ts';
import { openWork } from '../core/open-work.ts';
import type { Plan } from '../core/plan.ts';
import { encodeWork } from '../core/work-list.ts';
import { FanjoinError, ItemTooLargeError, toErrorInfo } from '../errors.ts';
import { ExecutionId } from '../model/ids.ts';
import type { MetaItem, StateItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import type { Clock } from '../ports/clock.ts';
import type { Snapshot } from '../store/execution-store.ts';
import { executionIdOf } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { afterStop, tellsOfStop, toCoreEvents } from './core-events.ts';
import type { Dispatcher } from './dispatcher.ts';
import { Finisher } from './finisher.ts';
import { isPausing } from './pausing.ts';
import {
  metaSequenceAfter,
  recordedSends,
  unheard,
  unsureSends,
  withoutRepair,
  withRepair,
  withSends,
} from './recorded-sends.ts';
import { type Resend, Resender } from './resender.ts';
import { SnapshotCache } from './snapshot-cache.ts';
import { untoldEvents } from './untold.ts';

/** Deciders of one execution meet whenever several of its items change at once; so many lost races in a row are a fault. */
const MAX_RACES = 50;

export interface BatchOutcome {
  /** Records whose executions could not be advanced, to be delivered again; and why. */
  readonly failed: readonly { readonly records: readonly ChangeRecord[]; readonly error: unknown }[];
}

/**
 * Advances executions by the change records of their items, which come in any order but for those of one item, and several
 * batches of one execution at once.
 *
 * Saves the state under its revision *together with the sends it decided*, then sends. A record that was decided on
 * before decides nothing anew: the recorded sends are repeated. (Sending first would let two deciders that disagree
 * dispatch more than the limit.)
 */
export class Scheduler {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #resender: Resender;
  readonly #finisher: Finisher;
  readonly #cache = new SnapshotCache();
  readonly #id: string;
  #failures = 0;

  /** @param id nobody else's. Default: a random one. */
  constructor({
    store,
    dispatcher,
    clock,
    id = randomUUID().slice(0, 8),
  }: {
    store: Store;
    dispatcher: Dispatcher;
    clock: Clock;
    id?: string;
  }) {
    this.#id = id;
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#resender = new Resender({ store, dispatcher, clock });
    this.#finisher = new Finisher({ store, clock });
  }

  /** Advances every execution the records belong to, side by side. Never throws for one of them. */
  async handle(records: readonly ChangeRecord[]): Promise<BatchOutcome> {
    const groups = Map.groupBy(
      records.filter(({ key }) => key.pk.startsWith('EXEC#')),
      executionIdOf,
    );
    const failed: { records: readonly ChangeRecord[]; error: unknown }[] = [];
    await Promise.all(
      [...groups].map(async ([id, group]) => {
        const executionId = ExecutionId.parse(id);
        try {
          await this.#advance(executionId, group);
        } catch (error) {
          this.#cache.forget(executionId);
          // What it recorded may be unsent: it must not be the next save that takes its place.
          this.#failures++;
          const isEnded =
            error instanceof ItemTooLargeError && (await this.#giveUp(executionId, error).catch(() => false));
          if (!isEnded) failed.push({ records: group, error });
        }
      }),
    );
    return { failed };
  }

  /**
   * Decides on what is known, without a record: the way of every repair.
   *
   * @param gather the events that the standing items tell (`reconcile.ts`)
   * @param resend what to send again of what was dispatched before and is unsettled; nothing, if left out
   * @param neverSent what somebody else was to send, and did not
   * @returns whether something had been lost: it sent what was not sent, or found an end that was not written
   */
  async repair(
    executionId: ExecutionId,
    gather: (plan: Plan, snapshot: Snapshot) => Promise<CoreEvent[]>,
    resend: Resend | undefined,
    neverSent: readonly WorkRef[] = [],
  ): Promise<boolean> {
    for (let race = 0; race < MAX_RACES; race++) {
      const snapshot = await this.#store.executions.loadSnapshot(executionId);
      if (snapshot === undefined || isTerminal(snapshot.meta.status)) return false;
      const plan = await this.#plan(snapshot.meta);
      const events = afterStop(snapshot.meta, snapshot.state?.state, await gather(plan, snapshot));
      const before = snapshot.state?.state ?? initialState(plan, snapshot.meta.config.maxParallelNodes);
      const decision = decide(plan, before, events);
      const again =
        resend === undefined
          ? [...decision.resend, ...unsureSends(snapshot.state), ...neverSent]
          : without(openWork(plan, decision.state), decision.dispatch);
      const lost = stillOpen(plan, decision.state, again);
      // The state's age tells the sweep how long nothing moved: a look that finds nothing must not renew it.
      const isNews =
        resend !== undefined ||
        lost.length > 0 ||
        snapshot.state === undefined ||
        !isDeepStrictEqual(before, decision.state);
      const sends = [...decision.dispatch, ...lost];
      const batches = withRepair(snapshot.state, sends);
      if (isNews && snapshot.state !== undefined) await this.#keepCheckpoint(executionId, snapshot.state);
      const saved = isNews
        ? await this.#save(
            snapshot,
            this.#marked(snapshot, before, decision.state),
            batches,
            snapshot.state?.metaSequence,
          )
        : snapshot.state;
      if (saved === undefined) continue;
      await this.#send(plan, snapshot.meta, decision.state, decision.dispatch, lost, resend ?? 'all');
      const told = sends.length === 0 ? saved : await this.#forgetRepair({ ...snapshot, state: saved });
      await this.#conclude(plan, snapshot.meta, told);
      return sends.length > 0 || decision.state.ending !== undefined;
    }
    throw tooManyRaces(executionId);
  }

  /** What a repair recorded is sent. Another decider may have saved meanwhile: then the next repair sends it once more. */
  async #forgetRepair({ meta, state }: Snapshot & { state: StateItem }): Promise<StateItem> {
    await this.#keepCheckpoint(meta.executionId, state);
    return (await this.#save({ meta, state }, state.state, withoutRepair(state), state.metaSequence)) ?? state;
  }

  async #advance(executionId: ExecutionId, records: readonly ChangeRecord[]): Promise<void> {
    for (let race = 0; race < MAX_RACES; race++) {
      const { snapshot, isCached } = await this.#load(executionId, records, race > 0);
      if (snapshot === undefined || isTerminal(snapshot.meta.status)) return this.#cache.forget(executionId);
      const plan = await this.#plan(snapshot.meta);
      const [first] = records;
      const last = records.at(-1);
      if (first === undefined || last === undefined) return;
      const recorded = recordedSends(snapshot.state, records);
      // What an earlier run sent is nothing to this one.
      const isSameRun = snapshot.state?.state.run === snapshot.meta.run;
      const repeated = isSameRun ? recorded.work : [];
      const news = unheard(snapshot.state, records);
      const heard = news.flatMap((record) => toCoreEvents(plan, snapshot.meta.run, record));
      const told = afterStop(snapshot.meta, snapshot.state?.state, heard);
      const events = await this.#withUntold(plan, snapshot, told);
      // It began without the scheduler, and goes on without it.
      if (snapshot.state === undefined && snapshot.meta.isHandedOff === true && events.length === 0) return;
      const before = snapshot.state?.state ?? initialState(plan, snapshot.meta.config.maxParallelNodes);
      const decision = decide(plan, before, events);
      const again = [...stillOpen(plan, decision.state, repeated), ...decision.resend];
      const sends = [...again, ...decision.dispatch];
      const isOld = snapshot.state !== undefined && isNothingNew(before, decision);
      // No save will notice if what is remembered is past: a pause or an end it tells of may be, and so may be its run; and
      // what is sent again is not what is parked by now.
      if (isCached && (isOld || repeated.length > 0)) continue;
      if (isOld && snapshot.state !== undefined && !recorded.isCut) {
        await this.#send(plan, snapshot.meta, before, [], again);
        return this.#conclude(plan, snapshot.meta, snapshot.state);
      }
      // Whoever saved it may have died before it kept the checkpoint that this state is, and the next save takes its place.
      if (!isCached && snapshot.state !== undefined) await this.#keepCheckpoint(executionId, snapshot.state);
      const next = this.#marked(snapshot, before, decision.state);
      const decided = { decider: this.#name, first, last, repeated: recorded.names, sends };
      const batches = withSends(plan, snapshot.state, decision.state, decided);
      const saved = await this.#save(snapshot, next, batches, metaSequenceAfter(snapshot.state, news));
      if (saved === undefined) continue;
      this.#cache.keep({ meta: snapshot.meta, state: saved });
      await this.#send(plan, snapshot.meta, decision.state, decision.dispatch, again);
      return this.#conclude(plan, snapshot.meta, saved);
    }
    throw tooManyRaces(executionId);
  }

  /** Another one after each failure: this decider records under it, and only once it has sent what it recorded before. */
  get #name(): string {
    return this.#failures === 0 ? this.#id : `${this.#id}-${this.#failures}`;
  }

  /** A redrive opens what the rest then happens to, and what a stop cut off is no failure of its own. */
  async #withUntold(plan: Plan, snapshot: Snapshot, told: readonly CoreEvent[]): Promise<readonly CoreEvent[]> {
    const untold = await untoldEvents(this.#store, plan, snapshot, told);
    if (untold.length === 0) return told;
    const { first = [], others = [] } = Object.groupBy(told, ({ type }) =>
      type === 'redriven' || type === 'stopped' ? 'first' : 'others',
    );
    return [...first, ...untold, ...others];
  }

  /** Marks the state that is about to be saved, if it is to be a checkpoint: `conclude` then keeps it, and again if repeated. */
  #marked({ meta, state }: Snapshot, before: StateItem['state'], after: StateItem['state']): StateItem['state'] {
    return isCheckpoint(meta.config, before, after)
      ? { ...after, checkpointRevision: (state?.revision ?? 0) + 1 }
      : after;
  }

  async #send(
    plan: Plan,
    meta: MetaItem,
    state: StateItem['state'],
    first: readonly WorkRef[],
    again: readonly WorkRef[],
    extent: Resend = 'all',
  ): Promise<void> {
    const visits = meta.isEager === true && state.kind === 'route' ? state.visits : undefined;
    await this.#dispatcher.dispatch(plan, meta, first, this.#clock.nowMs(), { visits });
    await this.#resender.resend(plan, meta, again, { extent, visits });
  }

  /** An execution whose state no item can hold can go nowhere: it fails, and says so. */
  async #giveUp(executionId: ExecutionId, error: ItemTooLargeError): Promise<boolean> {
    const meta = await this.#store.executions.loadMeta(executionId);
    if (meta === undefined) return false;
    await this.#store.executions.finish(meta, {
      status: 'FAILED',
      endedAtMs: this.#clock.nowMs(),
      error: toErrorInfo(error),
    });
    return true;
  }

  /** The end, or the announcement of a stop: derived from the state alone, so that a repetition finds them again. */
  async #conclude(plan: Plan, meta: MetaItem, saved: StateItem): Promise<void> {
    const { state } = saved;
    // It was redriven, and the record that says so is still to come.
    if (state.run !== meta.run) return;
    const nowMs = this.#clock.nowMs();
    await this.#keepCheckpoint(meta.executionId, saved);
    if (state.ending !== undefined) {
      await this.#finisher.end(plan, meta, state, state.ending);
      this.#cache.forget(meta.executionId);
    } else if (isPausing(meta, state)) {
      const paused = await this.#store.executions.pauseAt(meta, state.passedPoints.length, nowMs);
      if (paused !== undefined) this.#cache.refresh(paused);
    } else if (state.stop !== undefined && meta.stop === undefined) {
      const stopping = await this.#store.executions.requestStop(meta, state.stop, nowMs);
      if (stopping !== undefined) this.#cache.refresh(stopping);
    }
  }

  async #keepCheckpoint(executionId: ExecutionId, { state, revision }: StateItem): Promise<void> {
    if (state.checkpointRevision !== revision) return;
    await this.#store.checkpoints.put(executionId, revision, state, this.#clock.nowMs());
  }

  async #load(
    executionId: ExecutionId,
    records: readonly ChangeRecord[],
    isRepeated: boolean,
  ): Promise<{ snapshot: Snapshot | undefined; isCached: boolean }> {
    if (isRepeated || records.some(tellsOfStop)) this.#cache.forget(executionId);
    const cached = this.#cache.find(executionId, records);
    if (cached !== undefined) return { snapshot: cached, isCached: true };
    return { snapshot: await this.#store.executions.loadSnapshot(executionId), isCached: false };
  }

  #plan({ workflow, definitionHash }: MetaItem): Promise<Plan> {
    return this.#store.definitions.loadPlan(workflow, definitionHash);
  }

  #save(
    { meta, state }: Snapshot,
    next: StateItem['state'],
    batches: StateItem['batches'],
    metaSequence: string | undefined,
  ): Promise<StateItem | undefined> {
    const save = { state: next, batches, metaSequence, savedAtMs: this.#clock.nowMs() };
    return this.#store.executions.saveState(meta.executionId, state?.revision ?? 0, save);
  }
}

/** Of records that came again, or told what another way had told before: then the state is not written again. */
const isNothingNew = (before: StateItem['state'], { state, dispatch, resend }: Decision): boolean =>
  dispatch.length === 0 && resend.length === 0 && isDeepStrictEqual(before, state);

/** Of work that was sent before, what is still waited for: the rest has settled since. */
function stillOpen(plan: Plan, state: StateItem['state'], work: readonly WorkRef[]): WorkRef[] {
  if (work.length === 0) return [];
  const open = new Set(openWork(plan, state).map((ref) => encodeWork([ref])));
  return work.filter((ref) => open.has(encodeWork([ref])));
}

function without(work: readonly WorkRef[], others: readonly WorkRef[]): WorkRef[] {
  const left = new Set(others.map((ref) => encodeWork([ref])));
  return work.filter((ref) => !left.has(encodeWork([ref])));
}

const tooManyRaces = (executionId: string) =>
  new FanjoinError(
    'STATE_CONTENDED',
    `The state of '${executionId}' was changed by others ${MAX_RACES} times in a row; trying again later`,
    {
      retryable: true,
      details: { executionId },
    },
  );
