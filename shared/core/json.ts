import { InvalidInputError, type Issue } from '../errors.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';

/**
 * `value` as JSON: what `JSON.stringify` and back would give, but refusing what that would silently change.
 * `undefined` itself becomes null; undefined properties are left out; `toJSON` is honoured, as of dates.
 *
 * @param what names the value in the error: `the output of node 'charge'`
 * @throws {InvalidInputError} `NOT_JSON` with the path of a bigint, cycle, function, symbol, `NaN`, Map or the like
 */
export function toJson(value: unknown, what: string): Json {
  const issues: Issue[] = [];
  const json = convert(value ?? null, '', [], issues);
  if (issues.length > 0) throw new InvalidInputError(what, issues, 'NOT_JSON');
  return json;
}

function convert(value: unknown, path: string, ancestors: object[], issues: Issue[]): Json {
  const refuse = (problem: string): null => {
    issues.push({ path, code: 'NOT_JSON', message: `is ${problem}, which JSON cannot hold` });
    return null;
  };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : refuse(String(value));
  if (typeof value === 'bigint') return refuse(`the bigint ${value}`);
  if (typeof value !== 'object') return refuse(`a ${typeof value}`);
  if (ancestors.includes(value)) return refuse('a cycle: it contains itself');
  if (ancestors.length >= LIMITS.maxJsonDepth) return refuse(`nested over ${LIMITS.maxJsonDepth} deep`);
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return convert(value.toJSON(), path, [...ancestors, value], issues);
  ancestors.push(value);
  const json = Array.isArray(value)
    ? Array.from(value, (element, index) =>
        convert(element === undefined ? null : element, `${path}[${index}]`, ancestors, issues),
      )
    : isPlain(value)
      ? convertObject(value, path, ancestors, issues)
      : refuse(`a ${value.constructor.name}`);
  ancestors.pop();
  return json;
}

function convertObject(value: object, path: string, ancestors: object[], issues: Issue[]): Json {
  const json: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const converted = convert(member, path === '' ? key : `${path}.${key}`, ancestors, issues);
    // An own property called __proto__ must stay data, not become the prototype.
    if (key === '__proto__')
      Object.defineProperty(json, key, { value: converted, enumerable: true, configurable: true, writable: true });
    else json[key] = converted;
  }
  return json;
}

const OPAQUE = [Map, Set, WeakMap, WeakSet, Promise, ArrayBuffer, Error, RegExp];

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
