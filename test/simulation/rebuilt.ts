import { isDeepStrictEqual } from 'node:util';
import { hasBit, membersOf } from '../../shared/core/bits.ts';
import { isSettled } from '../../shared/core/graph.ts';
import { fitsLimit } from '../../shared/core/hand-off.ts';
import { type GraphPlan, nodeAt, type Plan } from '../../shared/core/plan.ts';
import type { ExecutionId } from '../../shared/model/ids.ts';
import { ResultItem, StateItem } from '../../shared/model/items.ts';
import type { ExecutionState, GraphState, RouteState } from '../../shared/model/state.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { itemType, metaKey, stateKey } from '../../shared/store/keys.ts';
import { openStore } from '../../shared/store/store.ts';
import { itemsOf } from './items-of.ts';
import type { MemoryBlobs } from './memory-blobs.ts';
import type { MemoryTable } from './memory-table.ts';
import { atOnce } from './ports.ts';

/** A map in a graph is rebuilt in three rounds: dispatched, planned, its chunks settled; a node behind it needs its result. */
const MAX_ROUNDS = 60;

export interface Rebuilding {
  readonly table: MemoryTable;
  readonly blobs: MemoryBlobs;
  readonly clock: Clock;
  readonly plan: Plan;
}

/**
 * What is wrong with the state of an open execution all of whose records were handled (invariant 3): a repair must find
 * nothing it does not know and send nothing, and the results alone must lead to the same. Of an eager execution the state
 * knows no more than it was told: that must be so, all of it, and what it lacks must be what nobody tells.
 */
export async function rebuiltProblems(
  { table, blobs, clock, plan }: Rebuilding,
  executionId: ExecutionId,
): Promise<string[]> {
  const item = table.get(metaKey(executionId));
  const saved = stateItemOf(table, executionId);
  if (item === undefined || saved === undefined) return [];
  const { state } = saved;
  const meta = parseMeta(item);
  if (meta.run !== state.run || state.ending !== undefined) return [];
  const results = resultsOf(table, executionId, meta.run);
  const { repaired, sent } = await reconciled({ table: table.clone(), blobs, clock }, executionId);
  if (repaired === undefined) return ['a repair loses its state'];
  // What a repair was about to send as it died the next one sends.
  const isSure = saved.batches.repair === undefined;
  const problems = isSure ? sent.map((body) => `a repair sends what nobody had sent: ${body}`) : [];
  for (const { id } of state.pausePoints.map((point) => nodeAt(plan, point)))
    if (meta.pauseBefore?.has(id) !== true) problems.push(`its state is to pause before ${id}, which nobody asked for`);
  // Of an eager execution the state does not know all; the results do. Who writes the last one ends it, and tells nobody.
  const isTold = plan.kind === 'graph' && !fitsLimit(plan, meta.config.maxParallelNodes);
  const knowsAll = meta.isEager !== true || (isTold && !results.some(({ ends }) => ends === true));
  if (knowsAll && !isDeepStrictEqual(repaired, state))
    problems.push(`a repair makes of its state another: ${differences(state, repaired)}`);
  if (!knowsAll) problems.push(...untruths(plan, state, repaired, results));
  // What an earlier run and a cut left is nothing the results of this run tell.
  if (problems.length > 0 || state.run > 1 || meta.origin !== undefined || state.stop !== undefined) return problems;
  const bare = table.clone();
  bare.remove(stateKey(executionId));
  let rebuilt: ExecutionState | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { repaired: next } = await reconciled({ table: bare, blobs, clock }, executionId);
    if (next === undefined || isDeepStrictEqual(essenceOf(next), essenceOf(repaired))) return [];
    if (isDeepStrictEqual(next, rebuilt)) break;
    rebuilt = next;
  }
  const others = differences(essenceOf(repaired), essenceOf(rebuilt));
  return [`its results lead to another state than the saved one: ${others}`];
}

/** What a state that was told only a part says otherwise than the whole does, or does not say though it was told. */
function untruths(
  plan: Plan,
  saved: ExecutionState,
  repaired: ExecutionState,
  results: readonly ResultItem[],
): string[] {
  const resultOf = (node: number, visit: number) =>
    results.find((result) => result.node === nodeAt(plan, node).id && result.visit === visit);
  const wasTold = (node: number, visit: number) => resultOf(node, visit)?.advance !== undefined;
  // Of a map whose result nobody tells the state knows no more than its last chunk.
  const isOpen = ([node, { visit }]: [string, { readonly visit: number }]) =>
    resultOf(Number(node), visit) === undefined || wasTold(Number(node), visit);
  const withOpenMaps = <State extends ExecutionState>(state: State): State => ({
    ...state,
    maps: Object.fromEntries(Object.entries(state.maps).filter(isOpen)),
  });
  const flags = differences(toldOf(withOpenMaps(saved)), toldOf(withOpenMaps(repaired)));
  const problems = flags === '' ? [] : [`its state was told otherwise: ${flags}`];
  if (plan.kind === 'graph' && saved.kind === 'graph' && repaired.kind === 'graph') {
    problems.push(...graphUntruths(saved, repaired));
    for (const node of membersOf(repaired.succeeded))
      if (!hasBit(saved.succeeded, node) && wasTold(node, 1))
        problems.push(`its state was told of ${nodeAt(plan, node).id}, and does not know it`);
    problems.push(...leftOut(plan, saved, results));
  }
  if (saved.kind === 'route' && repaired.kind === 'route') problems.push(...routeUntruths(saved, repaired, wasTold));
  return problems;
}

/** What is always told: all but successes, and what follows them. */
function toldOf(state: ExecutionState): object {
  const { run, limit, paused, pausePoints, passedPoints, pausingBefore, stop, failedVisit, maps } = state;
  const common = { run, limit, paused, pausePoints, passedPoints, pausingBefore, stop, failedVisit, maps };
  return state.kind === 'graph' ? { ...common, failed: state.failed, skipped: state.skipped } : common;
}

function graphUntruths(saved: GraphState, repaired: GraphState): string[] {
  const isOf = (sets: readonly Uint8Array[], node: number) => sets.some((set) => hasBit(set, node));
  const claims: readonly [string, Uint8Array, readonly Uint8Array[]][] = [
    ['succeeded', saved.succeeded, [repaired.succeeded]],
    ['dispatched', saved.dispatched, [repaired.dispatched]],
    ['ready', saved.ready, [repaired.ready, repaired.dispatched]],
  ];
  return claims.flatMap(([name, claimed, so]) => {
    const wrong = [...membersOf(claimed)].filter((node) => !isOf(so, node));
    return wrong.length === 0 ? [] : [`its state calls ${wrong.join(', ')} ${name}, which a repair does not`];
  });
}

/** Of a node that ended the state knows what it waited for: that was read, if nobody told it. */
function leftOut(plan: GraphPlan, state: GraphState, results: readonly ResultItem[]): string[] {
  const settled = plan.nodes.map(({ index }) => index).filter((index) => isSettled(state, index));
  const standing = new Set(results.map(({ node }) => node));
  return settled.flatMap((node) => {
    const { id, parents } = nodeAt(plan, node);
    const missing = parents.filter((parent) => !isSettled(state, parent) && standing.has(nodeAt(plan, parent).id));
    return missing.map((parent) => `its state knows how ${id} ended, and not ${nodeAt(plan, parent).id} before it`);
  });
}

function routeUntruths(
  saved: RouteState,
  repaired: RouteState,
  wasTold: (node: number, visit: number) => boolean,
): string[] {
  const problems = Object.entries(saved.visits).flatMap(([node, count]) =>
    count > (repaired.visits[node] ?? 0)
      ? [`its state has entered ${node} ${count} times, which a repair has not`]
      : [],
  );
  const { position } = saved;
  const goesOn = position !== undefined && !isDeepStrictEqual(saved.visits, repaired.visits);
  if (goesOn && wasTold(position.node, position.visit))
    problems.push(`its state was told that ${position.node} ended, and still stands on it`);
  return problems;
}

async function reconciled(
  { table, blobs, clock }: Omit<Rebuilding, 'plan'>,
  executionId: ExecutionId,
): Promise<{ readonly repaired: ExecutionState | undefined; readonly sent: readonly string[] }> {
  const sent: string[] = [];
  const ports = atOnce(table, blobs, {
    send: (_pool, messages) => sent.push(...messages.map(({ body }) => body)),
  });
  const store = openStore(ports.table, ports.blobs, { id: 'rebuilding' });
  const scheduler = new Scheduler({ store, dispatcher: new Dispatcher(ports.sender), clock, id: 'rebuilding' });
  await new Reconciler({ store, scheduler }).reconcile(executionId);
  return { repaired: stateItemOf(table, executionId)?.state, sent };
}

function stateItemOf(table: MemoryTable, executionId: ExecutionId): StateItem | undefined {
  const item = table.get(stateKey(executionId));
  return item === undefined ? undefined : StateItem.parse(item);
}

const resultsOf = (table: MemoryTable, executionId: ExecutionId, run: number): ResultItem[] =>
  itemsOf(table, executionId)
    .filter(({ sk }) => itemType(sk) === 'RESULT')
    .map((item) => ResultItem.parse(item))
    .filter((result) => result.run === run);

/** What results determine. Which of the nodes that may run have been dispatched, and so which maps have begun, is the state's own. */
function essenceOf(state: ExecutionState | undefined): object {
  if (state === undefined) return {};
  if (state.kind === 'route') return { visits: state.visits, node: state.position?.node, visit: state.position?.visit };
  const [succeeded, failed, skipped] = [state.succeeded, state.failed, state.skipped].map((set) => [...membersOf(set)]);
  const open = [...membersOf(state.ready), ...membersOf(state.dispatched)].filter(
    (node) => ![succeeded, failed, skipped].some((set) => set?.includes(node)),
  );
  return { succeeded, failed, skipped, open: [...new Set(open)].sort((a, b) => a - b) };
}

const differences = (a: object, b: object | undefined): string => {
  const [before, after] = [Object.entries(a), new Map(Object.entries(b ?? {}))];
  return before
    .filter(([name, value]) => !isDeepStrictEqual(value, after.get(name)))
    .map(([name, value]) => `${name} is ${JSON.stringify(value)} and would be ${JSON.stringify(after.get(name))}`)
    .join('; ');
};
