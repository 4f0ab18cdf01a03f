import * as z from 'zod';
import type { ExecutionId, NodeId } from '../model/ids.ts';
import {
  AttemptItem,
  ChunkItem,
  ITEM_VERSION,
  MapItem,
  type MetaItem,
  ResultItem,
  type StartedItem,
} from '../model/items.ts';
import type { Item, ItemKey, ItemTable } from '../ports/item-table.ts';
import { FIRST_WRITER_WINS } from './conditions.ts';
import {
  attemptKey,
  chunkKey,
  chunkPrefix,
  mapKey,
  nodePk,
  type ResultsHome,
  resultKey,
  resultPks,
  resultPrefix,
  startedKey,
  type VisitKey,
} from './keys.ts';
import { parseItem } from './parse-item.ts';
import { versionOf } from './payloads.ts';
import { pageMerged, queryMerged } from './query-all.ts';
import { RecentResults } from './recent-results.ts';

/** A place in the pages of an execution's results: the key of one. */
export const ResultPosition = z
  .string()
  .regex(/^RESULT#[A-Za-z][A-Za-z0-9_-]{0,79}#\d{6,16}#\d{4,16}$/, "is not the 'next' of a page");

type New<T> = Omit<T, 'pk' | 'sk' | 'v' | 'advance'> & Pick<ResultsHome, 'resultShards'>;

/** Whose results: its META says where they lie. */
type Of = Pick<MetaItem, 'executionId' | 'resultShards' | 'run'>;

/** Write-once items: `written`, or `exists` because an earlier writer's stands. */
export type FirstWrite = 'written' | 'exists';

/** Fewer are read by their keys: each costs a read unit of 4 KB, and all come at once. */
const READ_TOGETHER = 8;

/**
 * Whether results are read with all others of their execution: a query is billed for what it reads together, and most
 * results have some hundred bytes. @param among as {@link ResultStore.loadResults}
 */
export const areReadTogether = (count: number, among: number | undefined): boolean =>
  among !== undefined && count >= READ_TOGETHER && 2 * count >= among;

/** The `RESULT`, `MAP`, `CHUNK` and `ATTEMPT` items: the truth about what ran. */
export class ResultStore {
  readonly #table: ItemTable;

  readonly #recent: RecentResults;

  /** @param recent results that need not be read again. Default: none is kept */
  constructor(table: ItemTable, recent: RecentResults = new RecentResults(0)) {
    this.#table = table;
    this.#recent = recent;
  }

  /** Gives the result that stands: this one, or the one that was first. */
  async putResult({
    resultShards,
    ...result
  }: Omit<New<ResultItem>, 'advance'> & Pick<ResultItem, 'advance'>): Promise<{
    outcome: FirstWrite;
    standing: ResultItem;
  }> {
    const item: ResultItem = {
      ...resultKey({ resultShards, ...result }),
      v: versionOf(result.output, result.failures),
      ...result,
    };
    const outcome = await this.#table.put(item, FIRST_WRITER_WINS);
    if (outcome.written) {
      this.#recent.keep(item);
      return { outcome: 'written', standing: item };
    }
    return {
      outcome: 'exists',
      standing: outcome.standing === undefined ? item : parseItem(ResultItem, outcome.standing),
    };
  }

  putMap({ resultShards, ...map }: New<MapItem>): Promise<FirstWrite> {
    return this.#putFirst({ ...mapKey({ resultShards, ...map }), v: ITEM_VERSION, advance: 1, ...map });
  }

  putChunk({ resultShards, ...chunk }: New<ChunkItem>): Promise<FirstWrite> {
    return this.#putFirst({
      ...chunkKey({ resultShards, ...chunk }, chunk.chunk),
      v: versionOf(chunk.outcome),
      advance: 1,
      ...chunk,
    });
  }

  /** Records a failed attempt that will be repeated; the scheduler need not hear of it. */
  putAttempt({ resultShards, ...attempt }: New<AttemptItem>): Promise<FirstWrite> {
    return this.#putFirst({
      ...attemptKey({ resultShards, ...attempt }, attempt.chunk, attempt.attempt),
      v: ITEM_VERSION,
      ...attempt,
    });
  }

  /** Records that an attempt begins, for the history alone. */
  putStarted({ resultShards, ...started }: New<StartedItem>): Promise<FirstWrite> {
    return this.#putFirst({
      ...startedKey({ resultShards, ...started }, started.chunk, started.attempt),
      v: ITEM_VERSION,
      ...started,
    });
  }

  /** The visit's result of this very run: what a redrive runs anew has one under an earlier run. */
  async find(key: VisitKey): Promise<ResultItem | undefined> {
    const known = this.#recent.find(resultKey(key));
    if (known !== undefined) return known;
    const item = await this.#table.get(resultKey(key));
    return item === undefined ? undefined : parseItem(ResultItem, item);
  }

  async loadResult(key: VisitKey): Promise<ResultItem | undefined> {
    return (await this.loadResults(key, [key])).get(key.node);
  }

  /**
   * The standing results of first visits or given ones, by node id. A node that a redrive kept has its result under
   * an earlier run: the highest run's stands.
   *
   * @param among how many results the execution can have; of a loop that is not known
   */
  async loadResults(
    { executionId, resultShards, run }: Of,
    visits: readonly { readonly node: NodeId; readonly visit: number }[],
    among?: number,
  ): Promise<Map<NodeId, ResultItem>> {
    if (areReadTogether(visits.length, among) && !this.#recent.hasAny(executionId))
      return this.#loadAmongAll({ executionId, resultShards, run }, visits);
    const found = new Map<NodeId, ResultItem>();
    let missing = visits;
    for (let at = run; at >= 1 && missing.length > 0; at--) {
      const keys = missing.map(({ node, visit }) => resultKey({ executionId, resultShards, run: at, node, visit }));
      for (const result of await this.#loadMany(keys)) found.set(result.node, result);
      missing = missing.filter(({ node }) => !found.has(node));
    }
    return found;
  }

  async #loadAmongAll(
    of: Of,
    visits: readonly { readonly node: NodeId; readonly visit: number }[],
  ): Promise<Map<NodeId, ResultItem>> {
    const found = new Map<NodeId, ResultItem>();
    const wanted = new Map(visits.map(({ node, visit }) => [node, visit]));
    for await (const result of this.results(of)) {
      const standing = found.get(result.node)?.run ?? 0;
      if (wanted.get(result.node) === result.visit && result.run <= of.run && result.run > standing)
        found.set(result.node, result);
    }
    return found;
  }

  /**
   * The result of the last visit that has one; in loops there may be many.
   * @param beforeVisit only of visits before this one
   */
  async loadLatest(
    { executionId, resultShards }: Of,
    node: NodeId,
    beforeVisit?: number,
  ): Promise<ResultItem | undefined> {
    const home = { executionId, resultShards };
    const { items } = await this.#table.query(nodePk(home, node), {
      prefix: resultPrefix(node),
      descending: true,
      limit: 1,
      ...(beforeVisit !== undefined && { after: resultKey({ ...home, node, visit: beforeVisit, run: 0 }).sk }),
    });
    return items[0] === undefined ? undefined : parseItem(ResultItem, items[0]);
  }

  async loadMap(key: VisitKey): Promise<MapItem | undefined> {
    const item = await this.#table.get(mapKey(key));
    return item === undefined ? undefined : parseItem(MapItem, item);
  }

  async loadChunk(key: VisitKey, chunk: number): Promise<ChunkItem | undefined> {
    const item = await this.#table.get(chunkKey(key, chunk));
    return item === undefined ? undefined : parseItem(ChunkItem, item);
  }

  /** The plan of the same visit in the latest earlier run that had one: a redrive goes on with its chunks. */
  async loadEarlierMap(key: VisitKey): Promise<MapItem | undefined> {
    for (let run = key.run - 1; run >= 1; run--) {
      const map = await this.loadMap({ ...key, run });
      if (map !== undefined) return map;
    }
    return undefined;
  }

  /** The same chunk's outcome in the latest earlier run that had one. */
  async loadEarlierChunk(key: VisitKey, chunk: number): Promise<ChunkItem | undefined> {
    for (let run = key.run - 1; run >= 1; run--) {
      const item = await this.loadChunk({ ...key, run }, chunk);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** A map's chunks, in order. */
  async *chunks(key: VisitKey): AsyncGenerator<ChunkItem> {
    for await (const item of this.#all(key, chunkPrefix(key))) yield parseItem(ChunkItem, item);
  }

  async *results(of: Of): AsyncGenerator<ResultItem> {
    if (!this.#recent.hasAny(of.executionId)) {
      for await (const item of this.#all(of, 'RESULT#')) yield parseItem(ResultItem, item);
      return;
    }
    // Which there are, the table knows.
    for await (const page of inPages(this.#all(of, 'RESULT#', []))) {
      const read = new Map((await this.#loadMany(page)).map((result) => [result.sk, result]));
      for (const { sk } of page) {
        const result = read.get(sk);
        if (result !== undefined) yield result;
      }
    }
  }

  /** Whoever has read the results of an execution that has ended is the last to do so, as a rule. */
  forget(executionId: ExecutionId): void {
    this.#recent.forget(executionId);
  }

  async *maps(of: Of): AsyncGenerator<MapItem> {
    for await (const item of this.#all(of, 'MAP#')) yield parseItem(MapItem, item);
  }

  /** Every chunk of every map, without its outcome. */
  async *chunkOutlines(of: Of): AsyncGenerator<Pick<ChunkItem, 'node' | 'visit' | 'run' | 'chunk' | 'failedItems'>> {
    const outline = ChunkItem.pick({ node: true, visit: true, run: true, chunk: true, failedItems: true });
    const attributes = ['node', 'visit', 'run', 'chunk', 'failedItems'];
    for await (const item of this.#all(of, 'CHUNK#', attributes)) yield parseItem(outline, item);
  }

  async *attempts(of: Of): AsyncGenerator<AttemptItem> {
    for await (const item of this.#all(of, 'ATTEMPT#')) yield parseItem(AttemptItem, item);
  }

  /** A page of results by node id, for readers. */
  async pageOfResults(
    { executionId, resultShards }: Of,
    after: string | undefined,
    limit: number,
  ): Promise<{ results: ResultItem[]; next?: string }> {
    const page = await pageMerged(this.#table, resultPks({ executionId, resultShards }), {
      prefix: 'RESULT#',
      limit,
      ...(after !== undefined && { after }),
    });
    return {
      results: page.items.map((item) => parseItem(ResultItem, item)),
      ...(page.next !== undefined && { next: page.next }),
    };
  }

  /** Whole items of an execution's results, by the beginning of their sort key. */
  items(of: Of, prefix: string): AsyncGenerator<Item> {
    return this.#all(of, prefix);
  }

  #all({ executionId, resultShards }: Of, prefix: string, attributes?: readonly string[]): AsyncGenerator<Item> {
    const options = { prefix, ...(attributes !== undefined && { attributes }) };
    return queryMerged(this.#table, resultPks({ executionId, resultShards }), options);
  }

  /** Those there are, in no order. */
  async #loadMany(keys: readonly ItemKey[]): Promise<ResultItem[]> {
    const results: ResultItem[] = [];
    const missing: ItemKey[] = [];
    for (const key of keys) {
      const known = this.#recent.find(key);
      if (known === undefined) missing.push(key);
      else results.push(known);
    }
    if (missing.length === 0) return results;
    for (const item of await this.#table.getMany(missing)) results.push(parseItem(ResultItem, item));
    return results;
  }

  async #putFirst(item: Item): Promise<FirstWrite> {
    const outcome = await this.#table.put(item, FIRST_WRITER_WINS);
    return outcome.written ? 'written' : 'exists';
  }
}

const PAGE = 1_000;

async function* inPages(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let page: Item[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
