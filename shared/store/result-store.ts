import * as z from 'zod';
import type { ExecutionId, NodeId } from '../model/ids.ts';
import { AttemptItem, ChunkItem, ITEM_VERSION, MapItem, ResultItem, type StartedItem } from '../model/items.ts';
import type { Item, ItemKey, ItemTable } from '../ports/item-table.ts';
import { FIRST_WRITER_WINS } from './conditions.ts';
import {
  attemptKey,
  chunkKey,
  chunkPrefix,
  executionPk,
  mapKey,
  resultKey,
  resultPrefix,
  startedKey,
  type VisitKey,
} from './keys.ts';
import { parseItem } from './parse-item.ts';
import { queryAll, queryPages } from './query-all.ts';
import { RecentResults } from './recent-results.ts';

/** A place in the pages of an execution's results: the key of one. */
export const ResultPosition = z
  .string()
  .regex(/^RESULT#[A-Za-z][A-Za-z0-9_-]{0,79}#\d{6,16}#\d{4,16}$/, "is not the 'next' of a page");

type New<T> = Omit<T, 'pk' | 'sk' | 'v' | 'advance'>;

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
  async putResult(result: Omit<ResultItem, 'pk' | 'sk' | 'v'>): Promise<{ outcome: FirstWrite; standing: ResultItem }> {
    const item: ResultItem = { ...resultKey(result), v: ITEM_VERSION, ...result };
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

  putMap(map: New<MapItem>): Promise<FirstWrite> {
    return this.#putFirst({ ...mapKey(map), v: ITEM_VERSION, advance: 1, ...map });
  }

  putChunk(chunk: New<ChunkItem>): Promise<FirstWrite> {
    return this.#putFirst({ ...chunkKey(chunk, chunk.chunk), v: ITEM_VERSION, advance: 1, ...chunk });
  }

  /** Records a failed attempt that will be repeated; the scheduler need not hear of it. */
  putAttempt(attempt: New<AttemptItem>): Promise<FirstWrite> {
    return this.#putFirst({ ...attemptKey(attempt, attempt.chunk, attempt.attempt), v: ITEM_VERSION, ...attempt });
  }

  /** Records that an attempt begins, for the history alone. */
  putStarted(started: New<StartedItem>): Promise<FirstWrite> {
    return this.#putFirst({ ...startedKey(started, started.chunk, started.attempt), v: ITEM_VERSION, ...started });
  }

  /** The visit's result of this very run: what a redrive runs anew has one under an earlier run. */
  async find(key: VisitKey): Promise<ResultItem | undefined> {
    const known = this.#recent.find(resultKey(key));
    if (known !== undefined) return known;
    const item = await this.#table.get(resultKey(key));
    return item === undefined ? undefined : parseItem(ResultItem, item);
  }

  async loadResult(key: VisitKey): Promise<ResultItem | undefined> {
    return (await this.loadResults(key.executionId, key.run, [key])).get(key.node);
  }

  /**
   * The standing results of first visits or given ones, by node id. A node that a redrive kept has its result under
   * an earlier run: the highest run's stands.
   *
   * @param among how many results the execution can have; of a loop that is not known
   */
  async loadResults(
    executionId: ExecutionId,
    run: number,
    visits: readonly { readonly node: NodeId; readonly visit: number }[],
    among?: number,
  ): Promise<Map<NodeId, ResultItem>> {
    if (areReadTogether(visits.length, among) && !this.#recent.hasAny(executionId))
      return this.#loadAmongAll(executionId, run, visits);
    const found = new Map<NodeId, ResultItem>();
    let missing = visits;
    for (let at = run; at >= 1 && missing.length > 0; at--) {
      const keys = missing.map(({ node, visit }) => resultKey({ executionId, run: at, node, visit }));
      for (const result of await this.#loadMany(keys)) found.set(result.node, result);
      missing = missing.filter(({ node }) => !found.has(node));
    }
    return found;
  }

  async #loadAmongAll(
    executionId: ExecutionId,
    run: number,
    visits: readonly { readonly node: NodeId; readonly visit: number }[],
  ): Promise<Map<NodeId, ResultItem>> {
    const found = new Map<NodeId, ResultItem>();
    const wanted = new Map(visits.map(({ node, visit }) => [node, visit]));
    for await (const result of this.results(executionId)) {
      const standing = found.get(result.node)?.run ?? 0;
      if (wanted.get(result.node) === result.visit && result.run <= run && result.run > standing)
        found.set(result.node, result);
    }
    return found;
  }

  /**
   * The result of the last visit that has one; in loops there may be many.
   * @param beforeVisit only of visits before this one
   */
  async loadLatest(executionId: ExecutionId, node: NodeId, beforeVisit?: number): Promise<ResultItem | undefined> {
    const { items } = await this.#table.query(executionPk(executionId), {
      prefix: resultPrefix(node),
      descending: true,
      limit: 1,
      ...(beforeVisit !== undefined && { after: resultKey({ executionId, node, visit: beforeVisit, run: 0 }).sk }),
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
    for await (const item of this.#all(key.executionId, chunkPrefix(key))) yield parseItem(ChunkItem, item);
  }

  async *results(executionId: ExecutionId): AsyncGenerator<ResultItem> {
    if (!this.#recent.hasAny(executionId)) {
      for await (const item of this.#all(executionId, 'RESULT#')) yield parseItem(ResultItem, item);
      return;
    }
    // Which there are, the table knows.
    for await (const page of queryPages(this.#table, executionPk(executionId), { prefix: 'RESULT#', attributes: [] })) {
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

  async *maps(executionId: ExecutionId): AsyncGenerator<MapItem> {
    for await (const item of this.#all(executionId, 'MAP#')) yield parseItem(MapItem, item);
  }

  /** Every chunk of every map, without its outcome. */
  async *chunkOutlines(
    executionId: ExecutionId,
  ): AsyncGenerator<Pick<ChunkItem, 'node' | 'visit' | 'run' | 'chunk' | 'failedItems'>> {
    const outline = ChunkItem.pick({ node: true, visit: true, run: true, chunk: true, failedItems: true });
    const attributes = ['node', 'visit', 'run', 'chunk', 'failedItems'];
    for await (const item of this.#all(executionId, 'CHUNK#', attributes)) yield parseItem(outline, item);
  }

  async *attempts(executionId: ExecutionId): AsyncGenerator<AttemptItem> {
    for await (const item of this.#all(executionId, 'ATTEMPT#')) yield parseItem(AttemptItem, item);
  }

  /** A page of results by node id, for readers. */
  async pageOfResults(
    executionId: ExecutionId,
    after: string | undefined,
    limit: number,
  ): Promise<{ results: ResultItem[]; next?: string }> {
    const page = await this.#table.query(executionPk(executionId), {
      prefix: 'RESULT#',
      limit,
      ...(after !== undefined && { after }),
    });
    return {
      results: page.items.map((item) => parseItem(ResultItem, item)),
      ...(page.next !== undefined && { next: page.next }),
    };
  }

  #all(executionId: ExecutionId, prefix: string, attributes?: readonly string[]): AsyncGenerator<Item> {
    const options = { prefix, ...(attributes !== undefined && { attributes }) };
    return queryAll(this.#table, executionPk(executionId), options);
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
