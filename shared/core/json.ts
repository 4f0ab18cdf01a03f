import { FanjoinError, InvalidInputError, type Issue } from '../errors.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { type SecretMarker, SecretReference } from '../model/secret-reference.ts';

/**
 * `value` as JSON: what `JSON.stringify` and back would give, but refusing what that would silently change.
 * `undefined` itself becomes null; undefined properties are left out; `toJSON` is honoured, as of dates.
 *
 * @param what names the value in the error: `the output of node 'charge'`
 * @param secrets what becomes of references to secrets: refused, kept as what they are, or written as their markers
 * @throws {InvalidInputError} `NOT_JSON` with the path of a bigint, cycle, function, symbol, `NaN`, Map or the like
 * @throws {FanjoinError} `PAYLOAD_TOO_LARGE`: a value that contains another many times over grows without looking large
 */
export function toJson(value: unknown, what: string, secrets: 'refuse' | 'keep' | 'write' = 'refuse'): Json {
  const conversion: Conversion = { what, secrets, ancestors: [], path: [], issues: [], size: 0 };
  const json = convert(value ?? null, conversion);
  if (conversion.issues.length > 0) throw new InvalidInputError(what, conversion.issues, 'NOT_JSON');
  return json;
}

interface Conversion {
  readonly what: string;
  readonly secrets: 'refuse' | 'keep' | 'write';
  readonly ancestors: object[];
  readonly path: (string | number)[];
  readonly issues: Issue[];
  /** Characters of JSON so far, at the least. */
  size: number;
}

function grow(conversion: Conversion, characters: number): void {
  conversion.size += characters;
  if (conversion.size <= LIMITS.maxPayloadBytes) return;
  throw new FanjoinError(
    'PAYLOAD_TOO_LARGE',
    `${conversion.what} has over ${LIMITS.maxPayloadBytes} bytes of JSON; no more are allowed`,
  );
}

function convert(value: unknown, conversion: Conversion): Json {
  grow(conversion, typeof value === 'string' ? value.length + 2 : 1);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  // JSON knows no negative zero.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : refuse(conversion, String(value));
  if (typeof value === 'bigint') return refuse(conversion, `the bigint ${value}`);
  if (typeof value !== 'object') return refuse(conversion, `a ${typeof value}`);
  if (value instanceof SecretReference) return convertSecret(value, conversion);
  const { ancestors } = conversion;
  if (ancestors.includes(value)) return refuse(conversion, 'a cycle: it contains itself');
  if (ancestors.length >= LIMITS.maxJsonDepth) return refuse(conversion, `nested over ${LIMITS.maxJsonDepth} deep`);
  ancestors.push(value);
  const json =
    'toJSON' in value && typeof value.toJSON === 'function'
      ? convert(value.toJSON(), conversion)
      : Array.isArray(value)
        ? convertList(value, conversion)
        : isPlain(value)
          ? convertObject(value, conversion)
          : refuse(conversion, `a ${value.constructor.name}`);
  ancestors.pop();
  return json;
}

function refuse({ path, issues }: Conversion, problem: string): null {
  issues.push({ path: pathText(path), code: 'NOT_JSON', message: `is ${problem}, which JSON cannot hold` });
  return null;
}

function convertSecret({ $secret }: SecretReference, { path, issues, secrets }: Conversion): SecretMarker {
  if (secrets === 'refuse') {
    const message = `is a reference to the secret '${$secret}', which can stand only in the input mapping of a node, and in globals`;
    issues.push({ path: pathText(path), code: 'SECRET_NOT_ALLOWED', message });
  }
  return secrets === 'keep' ? new SecretReference($secret) : { $secret };
}

function convertMember(key: string | number, member: unknown, conversion: Conversion): Json {
  if (typeof member === 'string') return convert(member, conversion);
  conversion.path.push(key);
  const json = convert(member, conversion);
  conversion.path.pop();
  return json;
}

/** `items[3].price` */
export const pathText = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );

function convertList(list: readonly unknown[], conversion: Conversion): Json {
  const json: Json[] = [];
  for (let index = 0; index < list.length; index++) json.push(convertMember(index, list[index] ?? null, conversion));
  return json;
}

function convertObject(value: Readonly<Record<string, unknown>>, conversion: Conversion): Json {
  const json: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    grow(conversion, key.length + 3);
    define(json, key, convertMember(key, member, conversion));
  }
  return json;
}

/** An own property called __proto__ must stay data, not become the prototype. */
function define<T>(object: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

const OPAQUE = [Map, Set, WeakMap, WeakSet, Promise, ArrayBuffer, Error, RegExp, Number, String, Boolean, BigInt];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Instances of users' classes pass as their fields; built-in ones would lose their content. */
const isPlain = (value: object): value is Readonly<Record<string, unknown>> =>
  Object.getPrototypeOf(value) === Object.prototype ||
  (!ArrayBuffer.isView(value) && !OPAQUE.some((type) => value instanceof type));

/** JSON text with object keys sorted, so that equal values give equal text. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value));

function sorted(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.some(isObject) ? value.map(sorted) : value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return sorted(value.toJSON());
  const copy: Record<string, unknown> = {};
  for (const key of sortedKeys(value)) define(copy, key, sorted(value[key]));
  return copy;
}

/** So few are put in order one by one: a definition has thousands of small objects, and sorting a list copies it. */
const FEW_KEYS = 16;

function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] ?? '';
    let place = index;
    for (let before = keys[place - 1]; before !== undefined && before > key; before = keys[place - 1]) {
      keys[place] = before;
      place--;
    }
    keys[place] = key;
  }
  return keys;
}
