import { type BilledItem, toBilledItem } from '../billing/billed-items.ts';
import { countBits } from '../core/bits.ts';
import { isMapNode, type Plan } from '../core/plan.ts';
import { MapItem, type MetaItem } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';
import type { Item } from '../ports/item-table.ts';
import type { Snapshot, Standing } from '../store/execution-store.ts';
import { chunkPrefix } from '../store/keys.ts';
import { parseItem } from '../store/parse-item.ts';
import type { Store } from '../store/store.ts';

/** Of more results, or of more chunks of one map, the first so many stand for all: they are alike. */
const READ_OF_EACH = 20_000;

/** The items of an execution, as they are billed. @param readOfEach as {@link READ_OF_EACH} */
export async function loadBilledItems(
  store: Store,
  plan: Plan,
  { meta, state }: Snapshot,
  readOfEach = READ_OF_EACH,
): Promise<BilledItem[]> {
  const { executionId } = meta;
  const read = (prefix: 'META' | 'STATE') =>
    readBilled(store.executions.items(executionId, prefix), { total: undefined, readOfEach });
  const results = store.results.items(meta, 'RESULT#');
  const loaded = await Promise.all([
    read('META'),
    read('STATE'),
    readBilled(results, { total: settledVisits(state?.state), readOfEach }),
    loadOthers(store, plan, meta, readOfEach),
  ]);
  return loaded.flat();
}

/** The same of items that were read before. They are kept until it is called, and not looked at before. */
export async function billedLater(
  store: Store,
  plan: Plan,
  { meta, state, items }: Standing,
  results: readonly Item[],
): Promise<() => BilledItem[]> {
  // Nothing was repeated, and the scheduler never heard of it: there is nothing else.
  const isBare =
    state === undefined && meta.status === 'SUCCEEDED' && meta.run === 1 && !mayHaveOthers(plan, meta, results);
  const others = isBare ? [] : await loadOthers(store, plan, meta, READ_OF_EACH);
  const times = Math.max(1, results.length / READ_OF_EACH);
  const kept = results.slice(0, READ_OF_EACH);
  return () => {
    const billed = kept.map((item) => toBilledItem(item, times));
    return [...items.map((item) => toBilledItem(item)), ...billed, ...others].filter((item) => item !== undefined);
  };
}

const mayHaveOthers = (plan: Plan, { config }: MetaItem, results: readonly Item[]): boolean =>
  config.traceExecution || plan.nodes.some(({ definition }) => isMapNode(definition)) || results.some(isRepeated);

const isRepeated = ({ attempts }: Item): boolean => !Array.isArray(attempts) || attempts.length > 1;

/** All but what every execution has. */
async function loadOthers(store: Store, plan: Plan, meta: MetaItem, readOfEach: number) {
  const { executionId, config } = meta;
  const readOfResults = (prefix: string) =>
    readBilled(store.results.items(meta, prefix), { total: undefined, readOfEach });
  const hasMaps = plan.nodes.some(({ definition }) => isMapNode(definition));
  const loaded = await Promise.all([
    readOfResults('ATTEMPT#'),
    readBilled(store.executions.items(executionId, 'CHECKPOINT#'), { total: undefined, readOfEach }),
    ...(config.traceExecution ? [readOfResults('STARTED#')] : []),
    ...(hasMaps ? [readMaps(store, meta, readOfEach)] : []),
  ]);
  return loaded.flat();
}

async function readMaps(store: Store, meta: MetaItem, readOfEach: number): Promise<BilledItem[]> {
  const billed: BilledItem[] = [];
  for await (const item of store.results.items(meta, 'MAP#')) {
    const map = parseItem(MapItem, item);
    const items = store.results.items(meta, chunkPrefix(map));
    const chunks = await readBilled(items, { total: map.chunks, readOfEach });
    for (const one of [toBilledItem(item), ...chunks]) if (one !== undefined) billed.push(one);
  }
  return billed;
}

/** @param total how many there are; unknown, all are read */
async function readBilled(
  items: AsyncIterable<Item>,
  { total, readOfEach }: { readonly total: number | undefined; readonly readOfEach: number },
): Promise<BilledItem[]> {
  const billed: BilledItem[] = [];
  for await (const item of items) {
    if (total !== undefined && billed.length === readOfEach)
      return billed.map((one) => ({ ...one, times: Math.max(1, total / readOfEach) }));
    const one = toBilledItem(item);
    if (one !== undefined) billed.push(one);
  }
  return billed;
}

/** About as many results as there are. */
function settledVisits(state: ExecutionState | undefined): number {
  if (state === undefined) return 0;
  if (state.kind === 'graph') return countBits(state.succeeded) + countBits(state.failed);
  return Object.values(state.visits).reduce((sum, visits) => sum + visits, 0);
}
