/** A value that both DynamoDB and the SQLite twin store and give back unchanged. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | ReadonlySet<string>
  | readonly Value[]
  | { readonly [name: string]: Value | undefined };

/** The primary key of an item. Both parts are non-empty strings. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** One item of the table. An attribute whose value is `undefined` is not stored. */
export type Item = ItemKey & { readonly [attribute: string]: Value | undefined };

/**
 * What must hold of the standing item for a write to happen. Conditions are named constants or small
 * functions beside the write they guard (`store/conditions.ts`), so that the same ones run on both twins.
 *
 * Comparisons on an attribute that is absent do not hold, except `isAbsent`.
 */
export type Condition =
  | { readonly kind: 'itemAbsent' }
  | { readonly kind: 'itemExists' }
  | { readonly kind: 'isAbsent'; readonly attribute: string }
  | { readonly kind: 'isPresent'; readonly attribute: string }
  | { readonly kind: 'equals'; readonly attribute: string; readonly value: string | number | boolean }
  | { readonly kind: 'isOneOf'; readonly attribute: string; readonly values: readonly (string | number)[] }
  | { readonly kind: 'lessThan'; readonly attribute: string; readonly value: string | number }
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] };

/** Changes to single attributes of an item, applied together. An item that is absent is created. */
export interface ItemChange {
  /** Attributes to overwrite. An `undefined` value leaves the attribute as it is. */
  readonly set?: { readonly [attribute: string]: Value | undefined };
  /** Attributes to remove. */
  readonly remove?: readonly string[];
  /** String sets to grow; an absent set is created. */
  readonly addToSet?: { readonly [attribute: string]: readonly string[] };
}

/** A lost condition is an expected outcome, not an error: it hands back what stands instead. */
export type WriteOutcome =
  | { readonly written: true; readonly item: Item }
  | { readonly written: false; readonly standing: Item | undefined };

/** One page of a query. `next` is the sort key to pass as `after` for the page that follows; absent at the end. */
export interface Page {
  readonly items: readonly Item[];
  readonly next?: string;
}

export interface QueryOptions {
  /** Only items whose sort key begins with this. Default: all. */
  readonly prefix?: string;
  /** Continue behind this sort key (exclusive). */
  readonly after?: string;
  /** At most so many items; a page may hold fewer. Default 1,000. */
  readonly limit?: number;
  /** Highest sort key first. Default false. */
  readonly descending?: boolean;
  /** Only these attributes (and the keys). Default: all. */
  readonly attributes?: readonly string[];
}

/** What {@link ItemTable.queryListed} gives of an item, beside its keys. Whatever changes in it is written, and paid for, twice. */
export const LISTED_ATTRIBUTES = ['workflow', 'listedAs', 'executionId', 'endedAs'] as const;

export interface ReadOptions {
  /** What is read may lag behind by a moment: that costs half. Default false. */
  readonly mayLag?: boolean;
}

export interface ListOptions {
  /** Only what sorts before this `listedAs`. Default: all. */
  readonly before?: string;
  /** Only this `listedAs` and what sorts behind it. Default: all. */
  readonly from?: string;
  readonly limit: number;
}

/**
 * The one table: items under (`pk`, `sk`), single-item conditional writes, strongly consistent reads.
 * Adapters translate their engine's failures into {@link TableUnavailableError} (retryable) or
 * {@link ItemTooLargeError}; a lost condition is never an exception.
 */
export interface ItemTable {
  /** Writes the whole item, replacing what stands, if `condition` holds. */
  put(item: Item, condition?: Condition): Promise<WriteOutcome>;
  /** Applies `change` to the item under `key`, if `condition` holds. Gives the whole new item. */
  update(key: ItemKey, change: ItemChange, condition?: Condition): Promise<WriteOutcome>;
  get(key: ItemKey): Promise<Item | undefined>;
  /** Reads many items, in any order; those that do not exist are left out. Keys must be distinct. */
  getMany(keys: readonly ItemKey[], options?: ReadOptions): Promise<readonly Item[]>;
  /** Items of one partition, by sort key. */
  query(pk: string, options?: QueryOptions): Promise<Page>;
  /**
   * Items that carry `dueShard` and `dueAtMs` and are due: `dueShard` equals `shard` and `dueAtMs` ≤ `untilMs`,
   * earliest first, keys and all attributes. An index: it may lag behind by a moment.
   */
  queryDue(shard: string, untilMs: number, limit: number): Promise<readonly Item[]>;
  /**
   * Items that carry `workflow` and `listedAs`, both strings: those of one workflow, highest `listedAs` first, with only
   * {@link LISTED_ATTRIBUTES}. An index: it may lag behind by a moment.
   */
  queryListed(workflow: string, options: ListOptions): Promise<readonly Item[]>;
}
