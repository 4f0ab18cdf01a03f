import { isDeepStrictEqual } from 'node:util';
import { ItemTooLargeError } from '../../errors.ts';
import {
  type Condition,
  type Item,
  type ItemChange,
  type ItemKey,
  type ItemTable,
  LISTED_ATTRIBUTES,
  type ListOptions,
  type Page,
  type QueryOptions,
  type WriteOutcome,
} from '../../ports/item-table.ts';
import { assertValidChange, assertValidKey, MAX_ITEM_BYTES } from '../stored-value.ts';
import type { ChangeListener } from './change-publisher.ts';
import { conditionMatches } from './condition-matches.ts';
import { applyChange, pick } from './item-change.ts';
import { decodeItem, encode, encodeItem } from './item-encoding.ts';
import { itemSizeBytes } from './item-size.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

const DEFAULT_LIMIT = 1_000;
/** As DynamoDB: a page ends at 1 MB, whatever its limit. */
const PAGE_BYTES = 1_048_576;

/** The item table in a SQLite file: what DynamoDB is on AWS. */
export class SqliteItemTable implements ItemTable {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /**
   * Calls `listener` once after every commit that changed items, with every change in order; a write that changes nothing
   * is no change. Also told are changes by other processes. In a `client` nothing is: the feed is the engine's.
   */
  subscribe(listener: ChangeListener): () => void {
    return this.#database.mode === 'engine' ? this.#database.changes.subscribe(listener) : () => {};
  }

  async put(item: Item, condition?: Condition): Promise<WriteOutcome> {
    assertValidKey(item);
    // Encoded now: what the caller does to the object later is not written.
    const { text, image } = encode(item);
    assertItemSize(item, text);
    return this.#database.write(() => {
      if (condition?.kind === 'itemAbsent') return this.#insert(text, image ?? decodeItem(text));
      const { standing, standingText } = this.#load(item);
      if (condition !== undefined && !conditionMatches(condition, standing)) return { written: false, standing };
      return { written: true, item: this.#store(text, standing, standingText) };
    });
  }

  async update(key: ItemKey, change: ItemChange, condition?: Condition): Promise<WriteOutcome> {
    assertValidKey(key);
    assertValidChange(change);
    return this.#database.write(() => {
      const { standing, standingText } = this.#load(key);
      if (condition !== undefined && !conditionMatches(condition, standing)) return { written: false, standing };
      const item = applyChange(key, standing, change);
      const text = encodeItem(item);
      assertItemSize(item, text);
      return { written: true, item: this.#store(text, standing, standingText) };
    });
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    return this.#database.read(() => this.#load(key).standing);
  }

  async getMany(keys: readonly ItemKey[]): Promise<readonly Item[]> {
    return this.#database.read(() => keys.map((key) => this.#load(key).standing).filter((item) => item !== undefined));
  }

  async query(pk: string, options: QueryOptions = {}): Promise<Page> {
    return this.#database.read(() => this.#query(pk, options));
  }

  async queryDue(shard: string, untilMs: number, limit: number): Promise<readonly Item[]> {
    return this.#database.read(() =>
      this.#database
        .statement('SELECT item FROM items WHERE due_shard = ? AND due_at_ms <= ? ORDER BY due_at_ms LIMIT ?')
        .all(shard, untilMs, limit)
        .map(({ item }) => decodeItem(String(item))),
    );
  }

  async queryListed(workflow: string, { before, from, limit }: ListOptions): Promise<readonly Item[]> {
    const bound =
      (before === undefined ? '' : ' AND listed_as < ?') + (from === undefined ? '' : ' AND listed_as >= ?');
    const values = [workflow, before, from].filter((value) => value !== undefined);
    return this.#database.read(() =>
      this.#database
        .statement(`SELECT item FROM items WHERE workflow = ?${bound} ORDER BY listed_as DESC LIMIT ?`)
        .all(...values, limit)
        .map(({ item }) => pick(decodeItem(String(item)), LISTED_ATTRIBUTES)),
    );
  }

  #query(
    pk: string,
    { prefix = '', after, limit = DEFAULT_LIMIT, descending = false, attributes }: QueryOptions,
  ): Page {
    const bounds = ['pk = ?', 'sk >= ?'];
    const values = [pk, prefix];
    const end = endOfPrefix(prefix);
    if (end !== undefined) {
      bounds.push('sk < ?');
      values.push(end);
    }
    if (after !== undefined) {
      bounds.push(descending ? 'sk < ?' : 'sk > ?');
      values.push(after);
    }
    const order = descending ? 'DESC' : 'ASC';
    const isKeyed = attributes?.length === 0;
    const statement = this.#database.statement(
      `SELECT ${isKeyed ? 'sk' : 'item'} FROM items WHERE ${bounds.join(' AND ')} ORDER BY sk ${order} LIMIT ?`,
    );
    if (isKeyed) {
      const items = statement.all(...values, limit + 1).map(({ sk }) => ({ pk, sk: String(sk) }));
      const last = items[limit - 1];
      return items.length > limit && last !== undefined ? { items: items.slice(0, limit), next: last.sk } : { items };
    }
    const items: Item[] = [];
    let bytes = 0;
    for (const row of statement.iterate(...values, limit + 1)) {
      const last = items.at(-1);
      if (last !== undefined && (items.length === limit || bytes > PAGE_BYTES)) return { items, next: last.sk };
      const text = String(row.item);
      bytes += text.length;
      items.push(pick(decodeItem(text), attributes));
    }
    return { items };
  }

  #load(key: ItemKey): { standing?: Item; standingText?: string } {
    const row = this.#database.statement('SELECT item FROM items WHERE pk = ? AND sk = ?').get(key.pk, key.sk);
    if (row === undefined) return {};
    const standingText = String(row.item);
    return { standing: decodeItem(standingText), standingText };
  }

  /**
   * Most items are put once: whether one stands is looked at by the write itself, and what is put is not read back. Who has
   * put it changes nothing of it: items are read-only.
   */
  #insert(text: string, item: Item): WriteOutcome {
    const { changes } = this.#database
      .statement(`INSERT INTO items ${COLUMNS} ON CONFLICT DO NOTHING`)
      .run(...columnsOf(item, text));
    if (changes === 0) return { written: false, standing: this.#load(item).standing };
    this.#database.changes.record({ after: item, afterText: text });
    return { written: true, item };
  }

  #store(text: string, standing: Item | undefined, standingText: string | undefined): Item {
    // Read back, as a stream would give it: shared with nobody who could change it.
    const item = decodeItem(text);
    if (standing !== undefined && standingText !== undefined) {
      const isSame =
        text === standingText || (text.length === standingText.length && isDeepStrictEqual(item, standing));
      if (isSame) return item;
    }
    this.#database.statement(`INSERT OR REPLACE INTO items ${COLUMNS}`).run(...columnsOf(item, text));
    this.#database.changes.record({
      after: item,
      afterText: text,
      ...(standing !== undefined && { before: standing }),
      ...(standingText !== undefined && { beforeText: standingText }),
    });
    return item;
  }
}

const COLUMNS = '(pk, sk, item, due_shard, due_at_ms, workflow, listed_as) VALUES (?, ?, ?, ?, ?, ?, ?)';

/** An item's row: in an index only if it has both of what that sorts by. */
function columnsOf(item: Item, text: string): (string | number | null)[] {
  const { pk, sk, dueShard, dueAtMs, workflow, listedAs } = item;
  const due = typeof dueShard === 'string' && typeof dueAtMs === 'number' ? [dueShard, dueAtMs] : [null, null];
  const listed = typeof workflow === 'string' && typeof listedAs === 'string' ? [workflow, listedAs] : [null, null];
  return [pk, sk, text, ...due, ...listed];
}

function assertItemSize(item: Item, text: string): void {
  // No item is more than three times its JSON's length in UTF-16 units: only large ones are worth counting.
  if (text.length * 3 <= MAX_ITEM_BYTES) return;
  const bytes = itemSizeBytes(item);
  if (bytes > MAX_ITEM_BYTES) throw new ItemTooLargeError(item.pk, item.sk, bytes);
}

const LAST_CODE_POINT = 0x10ffff;

/** The least string behind all that begin with `prefix`, by UTF-8 bytes; `undefined` if there is none. */
function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (;;) {
    const last = points.pop();
    if (last === undefined) return undefined;
    if (last === LAST_CODE_POINT) continue;
    // The surrogates are no characters of their own.
    return String.fromCodePoint(...points, last + 1 === 0xd800 ? 0xe000 : last + 1);
  }
}
