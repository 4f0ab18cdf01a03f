import { CorruptItemError } from '../../errors.ts';
import type { Item, Value } from '../../ports/item-table.ts';
import { assertStorableNumber, emptySetInListError, isList, isStringSet } from '../stored-value.ts';

/**
 * Items as JSON text. Most are plain JSON and go through `JSON.stringify` and `JSON.parse` untouched. One that holds
 * bytes, sets, or names that begin with `$` is wrapped as `{"$tagged": …}`; in there `{"$bytes": base64}` and
 * `{"$set": […]}` are such values, and a name of the user's that begins with `$` has one `$` more.
 */
const TAGGED = '{"$tagged":';

export function encodeItem(item: Item): string {
  return encode(item).text;
}

/** With what {@link decodeItem} would make of the text, if that is the item itself. */
export function encode(item: Item): { readonly text: string; readonly image?: Item } {
  const form = formOf(item);
  if (form === TO_BE_TAGGED) return { text: `${TAGGED}${JSON.stringify(tag(item))}}` };
  return { text: JSON.stringify(item), ...(form === AS_IT_IS && { image: item }) };
}

/** @throws CorruptItemError for text that {@link encodeItem} did not write. */
export function decodeItem(text: string): Item {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CorruptItemError('A stored item', error instanceof Error ? error.message : String(error));
  }
  const item = text.startsWith(TAGGED) ? untag((parsed as { $tagged: Tagged }).$tagged) : parsed;
  if (!isItem(item)) throw new CorruptItemError('A stored item', 'it has no pk or sk');
  return item;
}

type Tagged = string | number | boolean | null | readonly Tagged[] | { readonly [name: string]: Tagged | undefined };

// The text is our own; the store parses what it means with its schemas. Here only the key is looked at.
const isItem = (value: unknown): value is Item =>
  typeof value === 'object' &&
  value !== null &&
  'pk' in value &&
  'sk' in value &&
  typeof value.pk === 'string' &&
  typeof value.sk === 'string';

/** What becomes of a value as JSON text and back: the least of what becomes of its parts. */
const TO_BE_TAGGED = 0;
/** The same but for what is undefined, and for negative zero. */
const PLAIN = 1;
const AS_IT_IS = 2;
type Form = typeof TO_BE_TAGGED | typeof PLAIN | typeof AS_IT_IS;

function formOf(value: Value | undefined): Form {
  if (typeof value === 'number') {
    assertStorableNumber(value);
    return Object.is(value, -0) ? PLAIN : AS_IT_IS;
  }
  if (value === undefined) return PLAIN;
  if (typeof value !== 'object' || value === null) return AS_IT_IS;
  if (value instanceof Uint8Array || isStringSet(value)) return TO_BE_TAGGED;
  let form: Form = AS_IT_IS;
  // No early return: every number is to be looked at.
  if (isList(value)) {
    for (const element of value) form = lesser(form, formOf(element));
    return form;
  }
  for (const name of Object.keys(value)) {
    form = lesser(form, formOf(value[name]));
    if (name.startsWith('$')) form = TO_BE_TAGGED;
  }
  return form;
}

const lesser = (one: Form, other: Form): Form => (one < other ? one : other);

function tag(value: Value | undefined): Tagged | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array)
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  if (isStringSet(value)) return value.size === 0 ? undefined : { $set: [...value] };
  if (isList(value)) {
    return value.map((element) => {
      const tagged = tag(element);
      if (tagged === undefined) throw emptySetInListError();
      return tagged;
    });
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.startsWith('$') ? `$${name}` : name, tag(inner)]),
  );
}

function untag(value: Tagged | undefined): Value | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (isTaggedList(value)) return value.map((element) => untag(element) ?? null);
  if (typeof value.$bytes === 'string') return new Uint8Array(Buffer.from(value.$bytes, 'base64'));
  const members = value.$set;
  if (typeof members === 'object' && members !== null && isTaggedList(members)) return new Set(members.map(String));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.startsWith('$') ? name.slice(1) : name, untag(inner)]),
  );
}

const isTaggedList = (value: object): value is readonly Tagged[] => Array.isArray(value);
