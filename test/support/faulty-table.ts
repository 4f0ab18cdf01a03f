import { TableUnavailableError } from '../../shared/errors.ts';
import type {
  Condition,
  Item,
  ItemChange,
  ItemKey,
  ItemTable,
  ListOptions,
  Page,
  QueryOptions,
  WriteOutcome,
} from '../../shared/ports/item-table.ts';
import type { Trouble } from './faulty-queue.ts';
import type { Random } from './random-workflow-source.ts';

interface FaultyTableParts {
  readonly table: ItemTable;
  readonly random: Random;
  readonly trouble: Trouble;
}

/** A table whose calls take turns in another order each time, and fail now and then: before they took effect, or after. */
export class FaultyTable implements ItemTable {
  readonly #parts: FaultyTableParts;

  constructor(parts: FaultyTableParts) {
    this.#parts = parts;
  }

  put(item: Item, condition?: Condition): Promise<WriteOutcome> {
    return this.#call('put', (table) => table.put(item, condition));
  }

  update(key: ItemKey, change: ItemChange, condition?: Condition): Promise<WriteOutcome> {
    return this.#call('update', (table) => table.update(key, change, condition));
  }

  get(key: ItemKey): Promise<Item | undefined> {
    return this.#call('get', (table) => table.get(key));
  }

  getMany(keys: readonly ItemKey[]): Promise<readonly Item[]> {
    return this.#call('getMany', (table) => table.getMany(keys));
  }

  query(pk: string, options?: QueryOptions): Promise<Page> {
    return this.#call('query', (table) => table.query(pk, options));
  }

  queryDue(shard: string, untilMs: number, limit: number): Promise<readonly Item[]> {
    return this.#call('queryDue', (table) => table.queryDue(shard, untilMs, limit));
  }

  queryListed(workflow: string, options: ListOptions): Promise<readonly Item[]> {
    return this.#call('queryListed', (table) => table.queryListed(workflow, options));
  }

  async #call<T>(operation: string, run: (table: ItemTable) => Promise<T>): Promise<T> {
    const { table, random, trouble } = this.#parts;
    if (trouble.delayed > 0)
      for (let turns = random.int(0, 2); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    const fails = random.chance(trouble.callFails);
    if (fails && random.chance(0.5)) throw new TableUnavailableError(operation, new Error('before, as the test asks'));
    const result = await run(table);
    if (fails) throw new TableUnavailableError(operation, new Error('after, as the test asks'));
    return result;
  }
}
