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
async function* queryPages(
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

/**
 * All items of several partitions that a query finds, by sort key; each partition is read beside the others.
 * @param options `limit`: of a page
 */
export async function* queryMerged(
  table: ItemTable,
  pks: readonly string[],
  options: Omit<QueryOptions, 'after' | 'descending'>,
): AsyncGenerator<Item, void, undefined> {
  const [only] = pks;
  if (only !== undefined && pks.length === 1) {
    yield* queryAll(table, only, options);
    return;
  }
  const sources = pks.map((pk) => queryAll(table, pk, options));
  const heads = await Promise.all(sources.map(async (source) => ({ source, head: await source.next() })));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const one of heads)
      if (!one.head.done && (first === undefined || first.head.done || one.head.value.sk < first.head.value.sk))
        first = one;
    if (first === undefined || first.head.done) return;
    yield first.head.value;
    first.head = await first.source.next();
  }
}

/** A page of several partitions, by sort key. It may hold fewer than `limit`; `next` as of a page of one. */
export async function pageMerged(
  table: ItemTable,
  pks: readonly string[],
  { limit, ...options }: Omit<QueryOptions, 'descending'> & { readonly limit: number },
): Promise<Page> {
  const ofEach = Math.ceil(limit / pks.length);
  const pages = await Promise.all(pks.map((pk) => table.query(pk, { ...options, limit: ofEach })));
  // What lies behind this is known of some of them only.
  const [bound] = pages.flatMap(({ next }) => next ?? []).sort();
  const items = pages
    .flatMap((page) => page.items)
    .filter(({ sk }) => bound === undefined || sk <= bound)
    .sort((a, b) => (a.sk < b.sk ? -1 : 1));
  return { items, ...(bound !== undefined && { next: bound }) };
}
