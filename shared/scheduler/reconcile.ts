import { openWork } from '../core/decide.ts';
import type { CoreEvent } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import type { ExecutionId } from '../model/ids.ts';
import type { ResultItem } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { chunkEvent, flagEvents, mapEvent, resultEvent } from './core-events.ts';
import type { Resend } from './resender.ts';
import { isPausing, type Scheduler } from './scheduler.ts';

export interface ReconcileOptions {
  /** What is dispatched and unsettled to send again. Default nothing: only what the state did not know is made good. */
  readonly resend?: Resend | undefined;
}

/** Rebuilds what the scheduler should know of an execution from its results (invariant 3): every repair goes this way. */
export class Reconciler {
  readonly #store: Store;
  readonly #scheduler: Scheduler;

  constructor({ store, scheduler }: { store: Store; scheduler: Scheduler }) {
    this.#store = store;
    this.#scheduler = scheduler;
  }

  async reconcile(executionId: ExecutionId, { resend }: ReconcileOptions = {}): Promise<void> {
    await this.#scheduler.repair(executionId, (plan, snapshot) => this.#gather(plan, snapshot), resend);
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
    const isResumed = state?.state.paused === true && meta.status === 'RUNNING' && !isPausing(meta, state.state);
    // What was parked went with the record that was lost: any of the open work may have been.
    const parked = isResumed ? openWork(plan, state.state) : [];
    const isRedriven = state !== undefined && state.state.run < run;
    return [
      ...(isRedriven ? [{ type: 'redriven' as const, run }] : []),
      ...events,
      ...inOrder(plan, state?.state, settled),
      ...flagEvents(plan, undefined, meta),
      ...(isResumed ? [{ type: 'resumed' as const, parked }] : []),
    ];
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
