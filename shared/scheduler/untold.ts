import type { CoreEvent } from '../core/events.ts';
import { isSettled } from '../core/graph.ts';
import { type GraphPlan, nodeAt, type Plan } from '../core/plan.ts';
import type { ExecutionState } from '../model/state.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { resultEvent } from './core-events.ts';
import { begun, settledEvents } from './standing-events.ts';

const OF_VISITS = new Set<CoreEvent['type']>(['settled', 'mapPlanned', 'chunkSettled']);

/**
 * What happened in an eager execution before `events` and was never told: who finishes a node and starts what follows
 * does not tell the scheduler. Results say it all, so they are read when they are needed.
 *
 * A node that ended says that all it waited for has succeeded; their results say what else they started. A flag says
 * nothing of the kind: then all results are read.
 */
export async function untoldEvents(
  store: Store,
  plan: Plan,
  snapshot: Snapshot,
  events: readonly CoreEvent[],
): Promise<CoreEvent[]> {
  const { meta } = snapshot;
  if (meta.isEager !== true || events.length === 0) return [];
  if (events.some(({ type }) => !OF_VISITS.has(type)) || !isFollowable(plan, snapshot, events))
    return settledEvents(store, plan, snapshot);
  if (plan.kind === 'route') return [];
  const start = begun(plan, meta, snapshot.state?.state);
  const missing = ancestorsUntold(plan, snapshot.state?.state, events);
  if (missing.length === 0) return start;
  const visits = missing.map((node) => ({ node: nodeAt(plan, node).id, visit: 1 }));
  const results = await store.results.loadResults(meta, visits, plan.nodes.length);
  // Under a rule that does not wait for all, what has not ended in this run may have come late in one before.
  const ofThisRun = [...results.values()].filter(({ run }) => run === meta.run);
  return [...start, ...ofThisRun.map((result) => resultEvent(plan, result))];
}

/** Whether what was not told follows from the events: in a route only if it goes on from where it is known to stand. */
function isFollowable(plan: Plan, { state }: Snapshot, events: readonly CoreEvent[]): boolean {
  if (plan.kind === 'graph') return true;
  const position = state?.state.kind === 'route' ? state.state.position : undefined;
  const [only, ...more] = events;
  if (only === undefined || more.length > 0) return false;
  return 'visit' in only && position?.node === only.node && position.visit === only.visit;
}

/** Nodes that must have ended, since others ended that waited for them; of those, what the state does not know. */
function ancestorsUntold(plan: GraphPlan, state: ExecutionState | undefined, events: readonly CoreEvent[]): number[] {
  const told = new Set(events.flatMap((event) => (event.type === 'settled' ? [event.node] : [])));
  const isKnown = (node: number) => told.has(node) || (state?.kind === 'graph' && isSettled(state, node));
  const untold = new Set<number>();
  const look = (node: number) => {
    for (const parent of nodeAt(plan, node).parents) if (!isKnown(parent)) untold.add(parent);
  };
  for (const event of events) if ('node' in event && event.type !== 'pausePoint') look(event.node);
  for (const node of untold) look(node);
  return [...untold];
}
