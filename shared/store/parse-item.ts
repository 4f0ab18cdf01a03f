import type { z } from 'zod';
import { CorruptItemError } from '../errors.ts';
import { ITEM_VERSION } from '../model/items.ts';
import type { Item, ItemKey } from '../ports/item-table.ts';

/**
 * Reads an item back under its schema.
 * @throws {CorruptItemError} naming the item and the first thing that is wrong, or that a newer version wrote it
 */
export function parseItem<T>(schema: z.ZodType<T>, item: Item): T {
  const parsed = schema.safeParse(item);
  if (parsed.success) return parsed.data;
  if (typeof item.v === 'number' && item.v > ITEM_VERSION) {
    throw new CorruptItemError(
      nameOf(item),
      `version ${item.v} wrote it; this is version ${ITEM_VERSION}. Upgrade fanjoin`,
    );
  }
  const [issue] = parsed.error.issues;
  throw new CorruptItemError(nameOf(item), `${issue?.path.join('.')}: ${issue?.message}`);
}

const nameOf = ({ pk, sk }: ItemKey): string => `The item ${pk} / ${sk}`;
