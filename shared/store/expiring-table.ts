import type { Clock } from '../ports/clock.ts';
import type {
  Condition,
  Item,
  ItemChange,
  ItemKey,
  ItemTable,
  ListOptions,
  Page,
  QueryOptions,
  ReadOptions,
  WriteOutcome,
} from '../ports/item-table.ts';

/** No execution takes longer than the retention, so none outlives its first items when they are kept twice as long. */
const RETENTIONS_KEPT = 2;

/** When what was written at a time may be gone, in milliseconds since the epoch. */
export const expiryOf = (writtenAtMs: number, retentionMs: number): number =>
  writtenAtMs + RETENTIONS_KEPT * retentionMs;

/**
 * A table that forgets executions: each item of one says when the table's time to live may delete it. Definitions,
 * versions and metrics stay.
 */
export class ExpiringTable implements ItemTable {
  readonly #table: ItemTable;
  readonly #retentionMs: number;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(table: ItemTable, { retentionMs, clock }: { retentionMs: number; clock: Pick<Clock, 'nowMs'> }) {
    this.#table = table;
    this.#retentionMs = retentionMs;
    this.#clock = clock;
  }

  put(item: Item, condition?: Condition): Promise<WriteOutcome> {
    return this.#table.put(isOfExecution(item) ? { ...item, expiresAtS: this.#expiresAtS() } : item, condition);
  }

  update(key: ItemKey, change: ItemChange, condition?: Condition): Promise<WriteOutcome> {
    const expiring = isOfExecution(key)
      ? { ...change, set: { ...change.set, expiresAtS: this.#expiresAtS() } }
      : change;
    return this.#table.update(key, expiring, condition);
  }

  get(key: ItemKey): Promise<Item | undefined> {
    return this.#table.get(key);
  }

  getMany(keys: readonly ItemKey[], options?: ReadOptions): Promise<readonly Item[]> {
    return this.#table.getMany(keys, options);
  }

  query(pk: string, options?: QueryOptions): Promise<Page> {
    return this.#table.query(pk, options);
  }

  queryDue(shard: string, untilMs: number, limit: number): Promise<readonly Item[]> {
    return this.#table.queryDue(shard, untilMs, limit);
  }

  queryListed(workflow: string, options: ListOptions): Promise<readonly Item[]> {
    return this.#table.queryListed(workflow, options);
  }

  #expiresAtS(): number {
    return Math.ceil(expiryOf(this.#clock.nowMs(), this.#retentionMs) / 1_000);
  }
}

const isOfExecution = ({ pk }: ItemKey): boolean => pk.startsWith('EXEC#');
