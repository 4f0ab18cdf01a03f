import type { CoreEvent } from '../core/events.ts';
import { startsOf } from '../core/hand-off.ts';
import { openWork } from '../core/open-work.ts';
import { isMapNode, type Plan } from '../core/plan.ts';
import type { MetaItem, StateItem } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { chunkEvent, flagEvents, mapEvent, resultEvent } from './core-events.ts';
import { isPausing } from './pausing.ts';

/** All that the standing items of an execution tell (invariant 3), META's flags among it. */
export async function standingEvents(store: Store, plan: Plan, { meta, state }: Snapshot): Promise<CoreEvent[]> {
  const isResumed = state?.state.paused === true && meta.status === 'RUNNING' && !isPausing(meta, state.state);
  // What was parked went with the record that was lost: any of the open work may have been.
  const parked = isResumed ? openWork(plan, state.state) : [];
  const isRedriven = state !== undefined && state.state.run < meta.run;
  return [
    ...(isRedriven ? [{ type: 'redriven' as const, run: meta.run }] : []),
    ...(await settledEvents(store, plan, { meta, state })),
    ...flagEvents(plan, undefined, meta).map((event) =>
      event.type === 'returned' ? toSendAgain(event, state) : event,
    ),
    ...(isResumed ? [{ type: 'resumed' as const, parked }] : []),
  ];
}

/**
 * What was refused stays in META: of a graph's node whose pause point was passed it was a message that came twice, since the
 * scheduler has sent that node itself.
 */
const toSendAgain = (
  { type, work }: CoreEvent & { type: 'returned' },
  state: StateItem | undefined,
): CoreEvent & { type: 'returned' } => ({
  type,
  work: work.filter(
    (ref) => ref.kind === 'settle' || state?.state.kind !== 'graph' || !state.state.passedPoints.includes(ref.node),
  ),
});

/** What the standing results, maps and chunks of this run tell, and how it began. */
export async function settledEvents(store: Store, plan: Plan, { meta, state }: Snapshot): Promise<CoreEvent[]> {
  const { run } = meta;
  // Not the results themselves: a sweep does so for hundreds of executions at once.
  const settled: (CoreEvent & { type: 'settled' })[] = [];
  for await (const result of store.results.results(meta))
    if (result.run === run) settled.push(resultEvent(plan, result));
  const events: CoreEvent[] = [];
  if (plan.nodes.some(({ definition }) => isMapNode(definition))) {
    for await (const map of store.results.maps(meta)) if (map.run === run) events.push(mapEvent(plan, map));
  }
  if (events.length > 0) {
    for await (const chunk of store.results.chunkOutlines(meta))
      if (chunk.run === run) events.push(chunkEvent(plan, chunk));
  }
  return [...begun(plan, meta, state?.state), ...events, ...inOrder(plan, state?.state, settled)];
}

/** A start that was handed off has left no state behind. */
export const begun = (plan: Plan, meta: MetaItem, state: ExecutionState | undefined): CoreEvent[] =>
  state === undefined && meta.isHandedOff === true ? [{ type: 'begun', nodes: startsOf(plan) }] : [];

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
