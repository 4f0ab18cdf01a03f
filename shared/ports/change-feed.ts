import type { Item, ItemKey } from './item-table.ts';

/**
 * One change of one item, as the table's stream tells it. Records of one item arrive in the order of their `sequence`,
 * those of different items in any order, also at the same time; any record may arrive more than once.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html "in-order processing at the item (partition and sort
 *   key) level"
 */
export interface ChangeRecord {
  /** Ascending for one item, whichever part of the feed it comes through; compare with {@link compareSequence}. */
  readonly sequence: string;
  readonly key: ItemKey;
  /** The item before the change; absent when it was created. */
  readonly before?: Item;
  /** The item after the change; absent when it was deleted. */
  readonly after?: Item;
}

/** A part of a shard, both ends in it. */
export interface ChangeRange {
  readonly shard: string;
  readonly firstSequence: string;
  readonly lastSequence: string;
}

/** Changes that were told before. */
export interface ChangeLog {
  /** In order; `undefined`: they are not kept any more, or never were. */
  read(range: ChangeRange): Promise<readonly ChangeRecord[] | undefined>;
}

/** Orders decimal sequence numbers of any length. Negative: `a` came first. */
export function compareSequence(a: string, b: string): number {
  const width = Math.max(a.length, b.length);
  const left = a.padStart(width, '0');
  const right = b.padStart(width, '0');
  return left < right ? -1 : left > right ? 1 : 0;
}
