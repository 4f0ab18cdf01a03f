import { isDeepStrictEqual } from 'node:util';
import { conditionMatches } from '../../shared/adapters/local/condition-matches.ts';
import { applyChange, pick } from '../../shared/adapters/local/item-change.ts';
import { itemSizeBytes } from '../../shared/adapters/local/item-size.ts';
import {
  assertValidChange,
  assertValidKey,
  isList,
  isStringSet,
  MAX_ITEM_BYTES,
  toStored,
} from '../../shared/adapters/stored-value.ts';
import { ItemTooLargeError } from '../../shared/errors.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import {
  type Condition,
  type Item,
  type ItemChange,
  type ItemKey,
  LISTED_ATTRIBUTES,
  type ListOptions,
  type Page,
  type QueryOptions,
  type Value,
  type WriteOutcome,
} from '../../shared/ports/item-table.ts';

const DEFAULT_LIMIT = 1_000;
/** As DynamoDB: a page ends at 1 MB, whatever its limit. */
const PAGE_BYTES = 1_048_576;

interface Partition {
  readonly items: Map<string, Item>;
  /** In order; made anew when asked for after an insertion. */
  sorted: string[] | undefined;
}

/** The item table in memory, each call done at once. `asItemTable` gives the port; the contract of both twins holds here too. */
export class MemoryTable {
  readonly #partitions = new Map<string, Partition>();
  readonly #onChange: (record: ChangeRecord) => void;
  #sequence = 0;

  constructor(onChange: (record: ChangeRecord) => void = () => undefined) {
    this.#onChange = onChange;
  }

  /** A table of its own with the same items. */
  clone(): MemoryTable {
    const clone = new MemoryTable();
    for (const [pk, { items }] of this.#partitions)
      clone.#partitions.set(pk, { items: new Map(items), sorted: undefined });
    return clone;
  }

  put(item: Item, condition?: Condition): WriteOutcome {
    assertValidKey(item);
    const standing = this.#find(item);
    const stored = toStored(copyOf(item));
    assertSize(stored);
    if (condition !== undefined && !conditionMatches(condition, standing)) return refused(standing);
    return this.#store(stored, standing);
  }

  update(key: ItemKey, change: ItemChange, condition?: Condition): WriteOutcome {
    assertValidKey(key);
    assertValidChange(change);
    const standing = this.#find(key);
    if (condition !== undefined && !conditionMatches(condition, standing)) return refused(standing);
    const stored = toStored(copyOf(applyChange(key, standing, change)));
    assertSize(stored);
    return this.#store(stored, standing);
  }

  get(key: ItemKey): Item | undefined {
    const standing = this.#find(key);
    return standing && copyOf(standing);
  }

  getMany(keys: readonly ItemKey[]): readonly Item[] {
    return keys.map((key) => this.get(key)).filter((item) => item !== undefined);
  }

  query(
    pk: string,
    { prefix = '', after, limit = DEFAULT_LIMIT, descending = false, attributes }: QueryOptions = {},
  ): Page {
    const items: Item[] = [];
    let bytes = 0;
    const sorted = this.#sortKeys(pk);
    for (let index = 0; index < sorted.length; index++) {
      const sk = sorted[descending ? sorted.length - 1 - index : index] ?? '';
      if (!sk.startsWith(prefix)) continue;
      if (after !== undefined && (descending ? compareText(sk, after) >= 0 : compareText(sk, after) <= 0)) continue;
      const last = items.at(-1);
      if (last !== undefined && (items.length === limit || bytes > PAGE_BYTES)) return { items, next: last.sk };
      const item = this.#find({ pk, sk });
      if (item === undefined) continue;
      bytes += itemSizeBytes(item);
      items.push(pick(copyOf(item), attributes));
    }
    return { items };
  }

  queryDue(shard: string, untilMs: number, limit: number): readonly Item[] {
    return this.#all(({ dueShard, dueAtMs }) => dueShard === shard && typeof dueAtMs === 'number' && dueAtMs <= untilMs)
      .sort((a, b) => Number(a.dueAtMs) - Number(b.dueAtMs))
      .slice(0, limit);
  }

  queryListed(name: string, { before, from, limit }: ListOptions): readonly Item[] {
    return this.#all(
      ({ workflow, listedAs }) =>
        workflow === name &&
        typeof listedAs === 'string' &&
        (before === undefined || compareText(listedAs, before) < 0) &&
        (from === undefined || compareText(listedAs, from) >= 0),
    )
      .sort((a, b) => compareText(String(b.listedAs), String(a.listedAs)))
      .slice(0, limit)
      .map((item) => pick(item, LISTED_ATTRIBUTES));
  }

  /** Every item of a partition, as it stands. Not to be changed. */
  partition(pk: string): readonly Item[] {
    return this.#sortKeys(pk).flatMap((sk) => this.#find({ pk, sk }) ?? []);
  }

  /** Takes an item away, for tests that ask what would be without it. */
  remove({ pk, sk }: ItemKey): void {
    const partition = this.#partitions.get(pk);
    if (partition === undefined) return;
    partition.items.delete(sk);
    partition.sorted = undefined;
  }

  #find({ pk, sk }: ItemKey): Item | undefined {
    return this.#partitions.get(pk)?.items.get(sk);
  }

  #sortKeys(pk: string): readonly string[] {
    const partition = this.#partitions.get(pk);
    if (partition === undefined) return [];
    partition.sorted ??= [...partition.items.keys()].sort(compareText);
    return partition.sorted;
  }

  #all(isWanted: (item: Item) => boolean): Item[] {
    const found: Item[] = [];
    for (const { items } of this.#partitions.values())
      for (const item of items.values()) if (isWanted(item)) found.push(copyOf(item));
    return found;
  }

  #store(item: Item, standing: Item | undefined): WriteOutcome {
    const outcome: WriteOutcome = { written: true, item: copyOf(item) };
    // As DynamoDB: a write that changes nothing is no change.
    if (standing !== undefined && isDeepStrictEqual(item, standing)) return outcome;
    const partition = this.#partitions.get(item.pk) ?? { items: new Map<string, Item>(), sorted: undefined };
    this.#partitions.set(item.pk, partition);
    if (standing === undefined) partition.sorted = undefined;
    partition.items.set(item.sk, item);
    this.#onChange({
      sequence: String(++this.#sequence),
      key: { pk: item.pk, sk: item.sk },
      ...(standing !== undefined && { before: standing }),
      after: item,
    });
    return outcome;
  }
}

const refused = (standing: Item | undefined): WriteOutcome => ({
  written: false,
  standing: standing && copyOf(standing),
});

function assertSize(item: Item): void {
  const bytes = itemSizeBytes(item);
  if (bytes > MAX_ITEM_BYTES) throw new ItemTooLargeError(item.pk, item.sk, bytes);
}

/** Shared with nobody: neither what callers do to what they wrote, nor to what they read, is written. */
function copyOf<T extends Value | undefined>(value: T): T;
function copyOf(value: Value | undefined): Value | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (isStringSet(value)) return new Set(value);
  if (isList(value)) return value.map((element) => copyOf(element));
  const copy: [string, Value | undefined][] = [];
  for (const name of Object.keys(value)) copy.push([name, copyOf(value[name])]);
  return Object.fromEntries(copy);
}

/** By UTF-8 bytes, as DynamoDB: beyond U+FFFF the order of UTF-16 units is another. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for what comes behind all other characters. */
const rankOf = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x10000 : unit);
