import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { CorruptItemError } from '../../errors.ts';
import type { Item, Value } from '../../ports/item-table.ts';
import { assertStorableNumber, emptySetInListError, isList, isStringSet } from '../stored-value.ts';

/**
 * Items as DynamoDB's typed attributes. Written here rather than taken from `lib-dynamodb`, because one codec has to
 * read three things alike: answers, the item within a lost condition's exception (which `lib-dynamodb` leaves raw), and
 * stream images as Lambda gives them, whose bytes are base64 text.
 */
export function toAttributes(map: { readonly [name: string]: Value | undefined }): Record<string, AttributeValue> {
  const entries: [string, AttributeValue][] = [];
  for (const [name, value] of Object.entries(map)) {
    const attribute = value === undefined ? undefined : toAttribute(value);
    if (attribute !== undefined) entries.push([name, attribute]);
  }
  return Object.fromEntries(entries);
}

/** `undefined` for an empty set: DynamoDB has none, so it is not stored. */
export function toAttribute(value: Value): AttributeValue | undefined {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') {
    assertStorableNumber(value);
    return { N: String(value) };
  }
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) return { B: value };
  if (isStringSet(value)) return value.size === 0 ? undefined : { SS: [...value] };
  if (isList(value)) {
    return {
      L: value.map((element) => {
        const attribute = toAttribute(element);
        if (attribute === undefined) throw emptySetInListError();
        return attribute;
      }),
    };
  }
  return { M: toAttributes(value) };
}

/** An attribute as the SDK gives it (`B` as bytes) or a Lambda event does (`B` in base64). */
export interface ReadAttribute {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: Uint8Array | string | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NULL?: boolean | undefined;
  readonly SS?: readonly string[] | undefined;
  readonly L?: readonly ReadAttribute[] | undefined;
  readonly M?: { readonly [name: string]: ReadAttribute } | undefined;
}

/** @throws CorruptItemError for an item without the table's key, or of a type nobody of us writes. */
export function fromAttributes(attributes: { readonly [name: string]: ReadAttribute }): Item {
  const item = fromMap(attributes);
  const { pk, sk } = item;
  if (typeof pk !== 'string' || typeof sk !== 'string') throw new CorruptItemError('An item of the table', 'it has no pk or sk');
  return { ...item, pk, sk };
}

function fromMap(attributes: { readonly [name: string]: ReadAttribute }): { readonly [name: string]: Value } {
  return Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, fromAttribute(name, attribute)]));
}

function fromAttribute(name: string, attribute: ReadAttribute): Value {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.NULL !== undefined) return null;
  if (attribute.M !== undefined) return fromMap(attribute.M);
  if (attribute.L !== undefined) return attribute.L.map((element) => fromAttribute(name, element));
  if (attribute.SS !== undefined) return new Set(attribute.SS);
  // A plain Uint8Array, not Node's Buffer, so that items compare equal whatever they came through.
  if (attribute.B !== undefined) return new Uint8Array(typeof attribute.B === 'string' ? Buffer.from(attribute.B, 'base64') : attribute.B);
  // DynamoDB Local leaves the type of an empty map out of stream records.
  if (Object.keys(attribute).length === 0) return {};
  throw new CorruptItemError(`The attribute '${name}'`, `it has the type ${Object.keys(attribute).join()}`);
}
