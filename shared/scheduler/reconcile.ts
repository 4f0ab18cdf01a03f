import type { CoreEvent, WorkRef } from '../core/events.ts';
import { nodeAt, type Plan } from '../core/plan.ts';
import type { ExecutionId } from '../model/ids.ts';
import type { AttemptItem, MetaItem, ResultItem } from '../model/items.ts';
import { VisitTask } from '../model/message.ts';
import type { ExecutionState } from '../model/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { chunkEvent, flagEvents, mapEvent, resultEvent } from './core-events.ts';
import { type Dispatcher, poolOf } from './dispatcher.ts';
import type { Scheduler } from './scheduler.ts';

export interface ReconcileOptions {
  /** Send again what is dispatched and unsettled. Default false: only what the state did not know is made good. */
  readonly resend?: boolean;
}

/** Rebuilds what the scheduler should know of an execution from its results (invariant 3): every repair goes this way. */
export class Reconciler {
  readonly #store: Store;
  readonly #scheduler: Scheduler;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;

  constructor(parts: { store: Store; scheduler: Scheduler; dispatcher: Dispatcher; clock: Clock }) {
    this.#store = parts.store;
    this.#scheduler = parts.scheduler;
    this.#dispatcher = parts.dispatcher;
    this.#clock = parts.clock;
  }

  async reconcile(executionId: ExecutionId, { resend = false }: ReconcileOptions = {}): Promise<void> {
    const gather = (plan: Plan, snapshot: Snapshot) => this.#gather(plan, snapshot);
    if (!resend) return this.#scheduler.repair(executionId, gather);
    return this.#scheduler.repair(executionId, gather, (plan, meta, work) => this.#resend(plan, meta, work));
  }

  async #gather(plan: Plan, { meta, state }: Snapshot): Promise<CoreEvent[]> {
    const { executionId, run } = meta;
    const results: ResultItem[] = [];
    for await (const result of this.#store.results.results(executionId)) if (result.run === run) results.push(result);
    const events: CoreEvent[] = [];
    for await (const map of this.#store.results.maps(executionId))
      if (map.run === run) events.push(mapEvent(plan, map));
    if (events.length > 0) {
      for await (const chunk of this.#store.results.chunkOutlines(executionId))
        if (chunk.run === run) events.push(chunkEvent(plan, chunk));
    }
    const settled = results.map((result) => resultEvent(plan, result));
    const isResumed = state?.state.paused === true && meta.status === 'RUNNING';
    const isRedriven = state !== undefined && state.state.run < run;
    return [
      ...(isRedriven ? [{ type: 'redriven' as const, run }] : []),
      ...events,
      ...inOrder(plan, state?.state, settled),
      ...flagEvents(plan, undefined, meta),
      ...(isResumed ? [{ type: 'resumed' as const, parked: [] }] : []),
    ];
  }

  /** A visit that waits for its next attempt goes on with that one, at its time; any other starts with its first. */
  async #resend(plan: Plan, meta: MetaItem, work: readonly WorkRef[]): Promise<void> {
    const waiting = new Map<string, AttemptItem>();
    for await (const attempt of this.#store.results.attempts(meta.executionId)) {
      if (attempt.run === meta.run) waiting.set(`${attempt.node} ${attempt.visit} ${attempt.chunk ?? ''}`, attempt);
    }
    const nowMs = this.#clock.nowMs();
    const first: WorkRef[] = [];
    const parked = new Set(meta.status === 'PAUSED' ? meta.parked : []);
    for (const ref of work) {
      const attempt =
        ref.kind === 'settle'
          ? undefined
          : waiting.get(`${nodeAt(plan, ref.node).id} ${ref.visit} ${ref.kind === 'chunk' ? ref.chunk : ''}`);
      if (attempt === undefined) {
        first.push(ref);
      } else if (!parked.has(attempt.message)) {
        const message = VisitTask.parse(JSON.parse(attempt.message));
        await this.#dispatcher.sendLater(poolOf(plan, attempt.node), message, nowMs, attempt.nextAttemptAtMs);
      }
    }
    await this.#dispatcher.dispatch(plan, meta, first, nowMs);
  }
}

/** A route's results in the order of its visits: the core takes only the one its position stands on. */
function inOrder(
  plan: Plan,
  state: ExecutionState | undefined,
  results: readonly (CoreEvent & { type: 'settled' })[],
): readonly CoreEvent[] {
  if (plan.kind !== 'route') return results;
  const byVisit = new Map(results.map((event) => [`${event.node} ${event.visit}`, event]));
  const visits: Record<string, number> = state?.kind === 'route' ? { ...state.visits } : { [plan.start]: 1 };
  let position = state?.kind === 'route' ? state.position : { node: plan.start, visit: 1 };
  const ordered: CoreEvent[] = [];
  while (position !== undefined) {
    const event = byVisit.get(`${position.node} ${position.visit}`);
    if (event === undefined) break;
    ordered.push(event);
    if (event.status === 'FAILED' || event.next === null || event.next === undefined) break;
    const visit: number = (visits[event.next] ?? 0) + 1;
    visits[event.next] = visit;
    position = { node: event.next, visit };
  }
  return ordered;
}
