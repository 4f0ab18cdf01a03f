import type { Item, ItemTable, Page, QueryOptions } from '../ports/item-table.ts';

/** All items that a query finds, page by page. @param options `limit`: of a page */
export async function* queryAll(
  table: ItemTable,
  pk: string,
  options: Omit<QueryOptions, 'after'>,
): AsyncGenerator<Item, void, undefined> {
  for await (const items of queryPages(table, pk, options)) yield* items;
}

/** The same as pages. */
export async function* queryPages(
  table: ItemTable,
  pk: string,
  options: Omit<QueryOptions, 'after'>,
): AsyncGenerator<readonly Item[], void, undefined> {
  let after: string | undefined;
  do {
    const page: Page = await table.query(pk, { ...options, ...(after !== undefined && { after }) });
    yield page.items;
    after = page.next;
  } while (after !== undefined);
}
