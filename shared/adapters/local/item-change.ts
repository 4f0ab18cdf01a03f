import type { Item, ItemChange, ItemKey, Value } from '../../ports/item-table.ts';
import { isStringSet, notASetError } from '../stored-value.ts';

/** The item that a change makes of the standing one. @throws {FanjoinError} `INVALID_CHANGE`: a set is to grow that is none */
export function applyChange(key: ItemKey, standing: Item | undefined, change: ItemChange): Item {
  const item = new Map<string, Value | undefined>(Object.entries(standing ?? {}));
  for (const [name, value] of Object.entries(change.set ?? {})) if (value !== undefined) item.set(name, value);
  for (const name of change.remove ?? []) item.delete(name);
  for (const [name, members] of Object.entries(change.addToSet ?? {})) {
    const set = item.get(name);
    if (members.length === 0) continue;
    if (set !== undefined && !(typeof set === 'object' && set !== null && isStringSet(set)))
      throw notASetError(key.pk, key.sk);
    item.set(name, new Set([...(set ?? []), ...members]));
  }
  return { ...Object.fromEntries(item), pk: key.pk, sk: key.sk };
}

/** The item with only some of its attributes, and its key. */
export function pick(item: Item, attributes: readonly string[] | undefined): Item {
  if (attributes === undefined) return item;
  const picked = attributes.filter((name) => Object.hasOwn(item, name)).map((name) => [name, item[name]] as const);
  return { ...Object.fromEntries(picked), pk: item.pk, sk: item.sk };
}
