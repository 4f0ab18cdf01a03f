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
  const { ancestors, path, issues } = conversion;
  const refuse = (problem: string): null => {
    issues.push({ path: pathText(path), code: 'NOT_JSON', message: `is ${problem}, which JSON cannot hold` });
    return null;
  };
  grow(conversion, typeof value === 'string' ? value.length + 2 : 1);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  // JSON knows no negative zero.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : refuse(String(value));
  if (typeof value === 'bigint') return refuse(`the bigint ${value}`);
  if (typeof value !== 'object') return refuse(`a ${typeof value}`);
  if (value instanceof SecretReference) return convertSecret(value, conversion);
  if (ancestors.includes(value)) return refuse('a cycle: it contains itself');
  if (ancestors.length >= LIMITS.maxJsonDepth) return refuse(`nested over ${LIMITS.maxJsonDepth} deep`);
  ancestors.push(value);
  const json =
    'toJSON' in value && typeof value.toJSON === 'function'
      ? convert(value.toJSON(), conversion)
      : Array.isArray(value)
        ? Array.from(value, (element, index) => convertMember(index, element ?? null, conversion))
        : isPlain(value)
          ? convertObject(value, conversion)
          : refuse(`a ${value.constructor.name}`);
  ancestors.pop();
  return json;
}

function convertSecret({ $secret }: SecretReference, { path, issues, secrets }: Conversion): SecretMarker {
  if (secrets === 'refuse') {
    const message = `is a reference to the secret '${$secret}', which can stand only in the input mapping of a node, and in globals`;
    issues.push({ path: pathText(path), code: 'SECRET_NOT_ALLOWED', message });
  }
  return secrets === 'keep' ? new SecretReference($secret) : { $secret };
}

function convertMember(key: string | number, member: unknown, conversion: Conversion): Json {
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

function convertObject(value: object, conversion: Conversion): Json {
  const json: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    grow(conversion, key.length + 3);
    const converted = convertMember(key, member, conversion);
    // An own property called __proto__ must stay data, not become the prototype.
    if (key === '__proto__')
      Object.defineProperty(json, key, { value: converted, enumerable: true, configurable: true, writable: true });
    else json[key] = converted;
  }
  return json;
}

const OPAQUE = [Map, Set, WeakMap, WeakSet, Promise, ArrayBuffer, Error, RegExp, Number, String, Boolean, BigInt];

/** Instances of users' classes pass as their fields; built-in ones would lose their content. */
const isPlain = (value: object): boolean => !ArrayBuffer.isView(value) && !OPAQUE.some((type) => value instanceof type);

/** JSON text with object keys sorted, so that equal values give equal text. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}
