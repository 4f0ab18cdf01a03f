import type { z } from 'zod';
import { CorruptItemError, NewerSchemaError } from '../errors.ts';
import { newerVersionOf, SCHEMA_VERSION } from '../model/schema-version.ts';
import type { Item, ItemKey } from '../ports/item-table.ts';

/**
 * Reads an item back under its schema.
 * @throws {CorruptItemError} naming the item and the first thing that is wrong
 * @throws {NewerSchemaError} what a newer version wrote is not even looked at: it might be misread
 */
export function parseItem<T>(schema: z.ZodType<T>, item: Item): T {
  const newer = newerVersionOf(item);
  if (newer !== undefined) throw new NewerSchemaError(nameOf(item), newer, SCHEMA_VERSION);
  const parsed = schema.safeParse(item);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CorruptItemError(nameOf(item), `${issue?.path.join('.')}: ${issue?.message}`);
}

const nameOf = ({ pk, sk }: ItemKey): string => `The item ${pk} / ${sk}`;
