import { CorruptItemError, FanjoinError } from '../errors.ts';
import type { Item, ItemChange, ItemKey, Value } from '../ports/item-table.ts';

/** The most an item may weigh (DynamoDB: 400 KB, names and values). */
export const MAX_ITEM_BYTES = 409_600;

/** DynamoDB's bounds on the parts of a key, in UTF-8. */
const MAX_KEY_BYTES = { pk: 2_048, sk: 1_024 } as const;

const MAX_MAGNITUDE = 1e126;
const MIN_MAGNITUDE = 1e-130;

/** Throws `UNSUPPORTED_VALUE` for a number that DynamoDB does not take: NaN, infinite, ≥ 1e126, or < 1e-130 but not 0. */
export function assertStorableNumber(value: number): void {
  const magnitude = Math.abs(value);
  if (magnitude < MAX_MAGNITUDE && (magnitude >= MIN_MAGNITUDE || magnitude === 0)) return;
  throw new FanjoinError(
    'UNSUPPORTED_VALUE',
    `The number ${value} cannot be stored: the table takes 1e-130 to 1e126. Store it as a string.`,
    {
      details: { value: String(value) },
    },
  );
}

/** Throws `INVALID_KEY` for a key that DynamoDB does not take: a part of it empty, or too long. */
export function assertValidKey(key: ItemKey): void {
  for (const part of ['pk', 'sk'] as const) {
    const bytes = Buffer.byteLength(key[part]);
    if (bytes > 0 && bytes <= MAX_KEY_BYTES[part]) continue;
    throw new FanjoinError(
      'INVALID_KEY',
      `The key ${key.pk} / ${key.sk} cannot be stored: its ${part} has ${bytes} bytes, and 1 to ${MAX_KEY_BYTES[part]} are allowed.`,
      {
        details: { pk: key.pk, sk: key.sk },
      },
    );
  }
}

export const emptySetInListError = (): FanjoinError =>
  new FanjoinError('UNSUPPORTED_VALUE', 'An empty set within a list cannot be stored: the table has no empty sets.');

/** The value as a table gives it back: no `undefined`, and no empty set, which DynamoDB does not know. */
export function toStored(item: Item): Item {
  return { ...storedAttributes(item), pk: item.pk, sk: item.sk };
}

/** {@link toStored} for one value; `undefined` if nothing of it would be stored. */
export function toStoredValue(value: Value | undefined): Value | undefined {
  if (typeof value === 'number') {
    assertStorableNumber(value);
    return value === 0 ? 0 : value;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (isStringSet(value)) return value.size === 0 ? undefined : value;
  if (isList(value)) {
    return value.map((element) => {
      const stored = toStoredValue(element);
      if (stored === undefined) throw emptySetInListError();
      return stored;
    });
  }
  return storedAttributes(value);
}

function storedAttributes(map: { readonly [name: string]: Value | undefined }): { readonly [name: string]: Value } {
  const entries: [string, Value][] = [];
  for (const [name, value] of Object.entries(map)) {
    const stored = toStoredValue(value);
    if (stored !== undefined) entries.push([name, stored]);
  }
  return Object.fromEntries(entries);
}

/**
 * An item as the table's client read it.
 *
 * @throws CorruptItemError for one without the table's key, or with a set of a kind that nobody of us writes.
 */
export function toItem(attributes: { readonly [name: string]: unknown }): Item {
  const values = Object.entries(attributes).map(([name, value]): [string, Value] => {
    if (!isValue(value))
      throw new CorruptItemError(`The attribute '${name}'`, 'it holds a set of something else than strings');
    return [name, value];
  });
  const { pk, sk } = attributes;
  if (typeof pk !== 'string' || typeof sk !== 'string')
    throw new CorruptItemError('An item of the table', 'it has no pk or sk');
  return { ...Object.fromEntries(values), pk, sk };
}

/** DynamoDB has sets of numbers and of bytes too; of all else that it has, a client makes what we know. */
function isValue(value: unknown): value is Value {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true;
  if (value instanceof Set) return [...value].every((member) => typeof member === 'string');
  return Object.values(value).every(isValue);
}

export const isStringSet = (value: object): value is ReadonlySet<string> => value instanceof Set;

/** `Array.isArray` does not narrow readonly arrays. */
export const isList = (value: object): value is readonly Value[] => Array.isArray(value);

/** Throws `INVALID_CHANGE` for a change that touches the key, or one attribute twice: DynamoDB refuses both. */
export function assertValidChange(change: ItemChange): void {
  const seen = new Set(['pk', 'sk']);
  const touched = [
    ...Object.keys(change.set ?? {}).filter((name) => change.set?.[name] !== undefined),
    ...(change.remove ?? []),
    ...Object.keys(change.addToSet ?? {}),
  ];
  for (const name of touched) {
    if (seen.has(name)) {
      const problem = name === 'pk' || name === 'sk' ? 'is part of the key' : 'is changed twice';
      throw new FanjoinError('INVALID_CHANGE', `The attribute '${name}' ${problem} in one update.`, {
        details: { name },
      });
    }
    seen.add(name);
  }
}

/** The error for `addToSet` on an attribute that holds something else. */
export const notASetError = (pk: string, sk: string, cause?: unknown): FanjoinError =>
  new FanjoinError('INVALID_CHANGE', `The item ${pk} / ${sk} has an attribute that is to grow as a set but is none.`, {
    cause,
    details: { pk, sk },
  });
