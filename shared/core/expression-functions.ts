import jsonata from 'jsonata';
import { bindHook, type Frame, meterOf, STEP_HOOK } from './expression-hooks.ts';
import type { ExpressionMeter } from './expression-meter.ts';
import { canonicalJson } from './json.ts';

/** What the library knows of a function of its own. */
interface LibraryFunction {
  readonly _jsonata_function: true;
  readonly implementation: (this: Focus, ...given: unknown[]) => unknown;
  readonly signature: unknown;
}

interface Focus {
  readonly environment: Frame;
  createSequence(): unknown[];
}

/** Longer ones have no use, and formatting takes their length times that of the number. */
const MAX_PICTURE_LENGTH = 256;
/** A width in a picture of a time is zeros written. */
const MAX_PICTURE_WIDTH = 100;
/** Ways to read a timestamp that are tried at most. */
const MAX_READINGS = 100_000;

type Check = (meter: ExpressionMeter, given: readonly unknown[]) => void;

const textLength = (value: unknown): number => (typeof value === 'string' ? value.length : 0);
const count = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
const deep: Check = (meter, given) => {
  for (const value of given) meter.chargeDepth(value);
};
const perCharacter: Check = (meter, [text]) => meter.chargeElements(textLength(text));
const deepList: Check = (meter, [value]) => (Array.isArray(value) ? meter.chargeDepth(value) : undefined);
const squared: Check = (meter, [list]) => meter.charge(count(list) ** 2 / 2_000);
const picture =
  (at: number): Check =>
  (meter, given) => {
    if (textLength(given[at]) > MAX_PICTURE_LENGTH) meter.fail(`A picture of over ${MAX_PICTURE_LENGTH} characters`);
  };

const widths: Check = (meter, [, given]) => {
  if (typeof given !== 'string') return;
  for (const [, width] of given.replaceAll(/\s+/g, '').matchAll(/,([^\]]*)\]/g))
    for (const number of width?.match(/\d+/g) ?? [])
      if (Number(number) > MAX_PICTURE_WIDTH) meter.fail(`A width of over ${MAX_PICTURE_WIDTH} in a picture`);
};

/** What a function costs beyond one pass over its arguments, or must not be given. */
const CHECKS: Readonly<Record<string, readonly Check[]>> = {
  string: [deep],
  clone: [deep],
  distinct: [deep],
  keys: [deepList],
  spread: [deepList, squared],
  length: [perCharacter],
  substring: [perCharacter],
  pad: [
    (meter, [text, width, filling]) => {
      const missing = Math.abs(Number(width ?? 0)) - textLength(text);
      if (missing > 0) meter.chargeElements(missing * Math.max(textLength(filling), 1));
    },
  ],
  join: [
    (meter, [texts, separator]) => {
      const all = Array.isArray(texts) ? texts : [texts];
      const length = all.reduce<number>((sum, text) => sum + textLength(text) + textLength(separator), 0);
      meter.chargeCharacters(length);
    },
  ],
  split: [(meter, [text, separator]) => (separator === '' ? meter.chargeElements(textLength(text)) : undefined)],
  replace: [
    (meter, [text, pattern, replacement]) => {
      const matches = typeof pattern === 'string' ? textLength(text) / Math.max(pattern.length, 1) : 0;
      meter.chargeCharacters(matches * textLength(replacement));
    },
  ],
  zip: [(meter, given) => meter.chargeElements(given.reduce<number>((sum, list) => sum + count(list), 0))],
  formatInteger: [picture(1)],
  parseInteger: [picture(1)],
  fromMillis: [picture(1), picture(2), widths],
  toMillis: [picture(1), widths, readings],
  formatNumber: [
    picture(1),
    (_meter, [, , options]) => {
      // An empty separator is found everywhere, for ever.
      for (const mark of Object.values(typeof options === 'object' && options !== null ? options : {}))
        if (mark === '' || typeof mark !== 'string') throw new TypeError('An option of $formatNumber is an empty text');
    },
  ],
};

/**
 * A timestamp is read by trying how its characters divide over the parts of the picture. Where two parts are apart by
 * what neither can contain there is one way; elsewhere all are tried before it is said that there is none.
 */
function readings(meter: ExpressionMeter, [timestamp, given]: readonly unknown[]): void {
  if (typeof given !== 'string') return;
  const between = given.split(/\[[^\]]*\]/).slice(1, -1);
  const words = /\[\s*.[^\]]*w/i.test(given);
  const unclear = between.filter((text) => !(words ? /[^\p{L}\p{N}\s,-]/u : /[^\p{L}\p{N}]/u).test(text)).length;
  let ways = 1;
  for (let part = 0; part < unclear; part++) ways *= (textLength(timestamp) - part) / (part + 1);
  if (ways > MAX_READINGS) meter.fail('This picture allows too many ways to read the timestamp');
}

/** In place of functions whose own way takes time squared. `undefined`: theirs is to be used. */
const REPLACED: Readonly<Record<string, (focus: Focus, given: readonly unknown[]) => unknown>> = {
  distinct: (focus, [list]) => {
    if (!Array.isArray(list) || list.length <= 1) return undefined;
    const seen = new Set<unknown>();
    // What a path gave is one value if one is left; a list stays one.
    const values: unknown[] = 'sequence' in list ? focus.createSequence() : [];
    for (const value of list) {
      const isText = typeof value === 'string' || (typeof value === 'object' && value !== null);
      const key = isText ? canonicalJson(value) : value;
      if (seen.has(key)) continue;
      seen.add(key);
      values.push(value);
    }
    return values;
  },
  sort: (focus, [list, comparator]) => {
    if (!Array.isArray(list) || list.length <= 1) return undefined;
    if (isComparator(comparator)) return mergeSort(list, async (a, b) => await comparator.apply(focus, [a, b]));
    if (!ofType(list, 'number') && !ofType(list, 'string')) return undefined;
    return list.toSorted((a, b) => (a > b ? 1 : a < b ? -1 : 0));
  },
};

type Comparator = { apply(focus: Focus, given: readonly unknown[]): unknown };

const isComparator = (value: unknown): value is Comparator =>
  (typeof value === 'function' || (typeof value === 'object' && value !== null)) &&
  'apply' in value &&
  typeof value.apply === 'function';

/** Stable. `isAfter` says whether its first is to stand after its second. */
async function mergeSort(
  list: readonly unknown[],
  isAfter: (a: unknown, b: unknown) => Promise<unknown>,
): Promise<unknown[]> {
  if (list.length <= 1) return [...list];
  const middle = Math.floor(list.length / 2);
  const left = await mergeSort(list.slice(0, middle), isAfter);
  const right = await mergeSort(list.slice(middle), isAfter);
  const merged: unknown[] = [];
  let taken = 0;
  for (const element of left) {
    while (taken < right.length && (await isAfter(element, right[taken]))) merged.push(right[taken++]);
    merged.push(element);
  }
  for (const element of right.slice(taken)) merged.push(element);
  return merged;
}

const ofType = (list: readonly unknown[], type: 'number' | 'string'): boolean =>
  list.every((value) => typeof value === type);

const NAMES =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone'.split(
    ' ',
  );

/** The library's functions, each counting what it is given; by name, without `$`. */
export const METERED_FUNCTIONS: ReadonlyMap<string, LibraryFunction> = new Map(
  NAMES.map((name) => [name, metered(name, libraryFunction(name))]),
);

/** The library hands its functions to nobody but a running expression. */
function libraryFunction(name: string): LibraryFunction {
  let found: LibraryFunction | undefined;
  const probe = jsonata('1');
  bindHook(probe, STEP_HOOK, (_node, _input, environment) => {
    found = environment.lookup(name);
  });
  // It runs up to its hook before it first waits.
  void probe.evaluate(null);
  if (found === undefined) throw new Error(`jsonata has no $${name}`);
  return found;
}

function metered(name: string, original: LibraryFunction): LibraryFunction {
  const checks = CHECKS[name] ?? [];
  const replaced = REPLACED[name];
  function implementation(this: Focus, ...given: unknown[]): unknown {
    const meter = meterOf(this.environment);
    meter.charge(1);
    for (const value of given) meter.chargeBreadth(value);
    for (const check of checks) check(meter, given);
    const result = replaced?.(this, given) ?? original.implementation.apply(this, given);
    if (name === 'clone') meter.own(result);
    return result;
  }
  // From these the library tells what a function takes.
  Object.defineProperties(implementation, {
    length: { value: original.implementation.length },
    toString: { value: () => String(original.implementation) },
  });
  return { _jsonata_function: true, implementation, signature: original.signature };
}
