import { isDeepStrictEqual } from 'node:util';
import { membersOf } from '../../shared/core/bits.ts';
import type { ExecutionId } from '../../shared/model/ids.ts';
import { StateItem } from '../../shared/model/items.ts';
import type { ExecutionState } from '../../shared/model/state.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { metaKey, stateKey } from '../../shared/store/keys.ts';
import { openStore } from '../../shared/store/store.ts';
import type { MemoryBlobs } from './memory-blobs.ts';
import type { MemoryTable } from './memory-table.ts';
import { atOnce } from './ports.ts';

/** A map in a graph is rebuilt in three rounds: dispatched, planned, its chunks settled; a node behind it needs its result. */
const MAX_ROUNDS = 60;

/**
 * What is wrong with the state of an open execution all of whose records were handled (invariant 3): a repair must find
 * nothing it does not know, and the results alone must lead to the same.
 */
export async function rebuiltProblems(
  table: MemoryTable,
  blobs: MemoryBlobs,
  executionId: ExecutionId,
  clock: Clock,
): Promise<string[]> {
  const meta = table.get(metaKey(executionId));
  const saved = stateOf(table, executionId);
  if (meta === undefined || saved === undefined || parseMeta(meta).run !== saved.run || saved.ending !== undefined)
    return [];
  const repaired = await reconciled(table.clone(), blobs, executionId, clock);
  // Of an eager execution the state does not know all; the results do.
  const known = parseMeta(meta).isEager === true ? repaired : saved;
  if (!isDeepStrictEqual(repaired, known))
    return [`a repair makes of its state another: ${differences(saved, repaired)}`];
  // What an earlier run and a cut left is nothing the results of this run tell.
  if (saved.run > 1 || parseMeta(meta).origin !== undefined || saved.stop !== undefined) return [];
  const bare = table.clone();
  bare.remove(stateKey(executionId));
  let rebuilt: ExecutionState | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = await reconciled(bare, blobs, executionId, clock);
    if (next === undefined || isDeepStrictEqual(essenceOf(next), essenceOf(known))) return [];
    if (isDeepStrictEqual(next, rebuilt)) break;
    rebuilt = next;
  }
  return [`its results lead to another state than the saved one: ${differences(essenceOf(known), essenceOf(rebuilt))}`];
}

async function reconciled(
  table: MemoryTable,
  blobs: MemoryBlobs,
  executionId: ExecutionId,
  clock: Clock,
): Promise<ExecutionState | undefined> {
  const { table: port, blobs: blobPort, sender } = atOnce(table, blobs);
  const store = openStore(port, blobPort, { id: 'rebuilding' });
  const scheduler = new Scheduler({ store, dispatcher: new Dispatcher(sender), clock, id: 'rebuilding' });
  await new Reconciler({ store, scheduler }).reconcile(executionId);
  return stateOf(table, executionId);
}

function stateOf(table: MemoryTable, executionId: ExecutionId): ExecutionState | undefined {
  const item = table.get(stateKey(executionId));
  return item === undefined ? undefined : StateItem.parse(item).state;
}

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
