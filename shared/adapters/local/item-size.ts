import type { Item, Value } from '../../ports/item-table.ts';
import { isList, isStringSet } from '../stored-value.ts';

/**
 * The size of an item as DynamoDB counts it: names and values in UTF-8, 3 bytes for a list or map and 1 for each member
 * (Amazon DynamoDB Developer Guide, "Item sizes and formats"); of numbers it says "approximately", so they are counted
 * as DynamoDB Local does.
 */
export function itemSizeBytes(item: Item): number {
  return attributesBytes(item);
}

function attributesBytes(map: { readonly [name: string]: Value | undefined }): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(map)) {
    if (value !== undefined) bytes += Buffer.byteLength(name) + valueBytes(value);
  }
  return bytes;
}

function valueBytes(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return numberBytes(value);
  if (typeof value === 'boolean' || value === null) return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (isStringSet(value)) return [...value].reduce((sum, member) => sum + Buffer.byteLength(member), 0);
  if (isList(value)) return 3 + value.reduce<number>((sum, element) => sum + 1 + valueBytes(element), 0);
  return 3 + Object.keys(value).length + attributesBytes(value);
}

/** A byte for each two digits, paired from the decimal point as base 100 has them, one more, and one for a minus. */
function numberBytes(value: number): number {
  if (value === 0) return 1;
  const [digits = '', exponent = '0'] = Math.abs(value).toExponential().replace('.', '').split('e');
  const leadingZero = Number(exponent) % 2 === 0 ? 1 : 0;
  return Math.ceil((digits.length + leadingZero) / 2) + 1 + (value < 0 ? 1 : 0);
}
