import { randomUUID } from 'node:crypto';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Item, ItemTable, QueryOptions } from '../../shared/ports/item-table.ts';

export interface TableHarness {
  readonly table: ItemTable;
  /** The change records of one partition so far, in order. */
  changesOf(pk: string): Promise<readonly ChangeRecord[]>;
}

export const aPartition = (): string => `TEST#${randomUUID()}`;

/** All pages of a query. */
export async function queryAll(table: ItemTable, pk: string, options: QueryOptions = {}): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after = options.after;
  for (;;) {
    const page = await table.query(pk, { ...options, ...(after !== undefined && { after }) });
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
}
