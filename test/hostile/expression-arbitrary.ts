import fc from 'fast-check';
import { EXPRESSION_ATTACKS } from './expression-attacks.ts';

/** Each with arguments of the kinds it takes, so that most calls get past the check of their signature. */
const CALLS: Readonly<Record<string, string>> = {
  sum: 'l',
  count: 'l',
  max: 'l',
  min: 'l',
  average: 'l',
  string: 'x',
  substring: 'snn',
  substringBefore: 'ss',
  substringAfter: 'ss',
  lowercase: 's',
  uppercase: 's',
  length: 's',
  trim: 's',
  pad: 'sns',
  match: 'sr',
  contains: 'sr',
  replace: 'srs',
  split: 'sr',
  join: 'ls',
  formatNumber: 'np',
  formatBase: 'nn',
  formatInteger: 'np',
  parseInteger: 'sp',
  number: 's',
  floor: 'n',
  ceil: 'n',
  round: 'nn',
  abs: 'n',
  sqrt: 'n',
  power: 'nn',
  boolean: 'x',
  not: 'x',
  map: 'lf',
  zip: 'll',
  filter: 'lf',
  single: 'lf',
  reduce: 'lF',
  sift: 'of',
  keys: 'x',
  lookup: 'os',
  append: 'xx',
  exists: 'x',
  spread: 'x',
  merge: 'l',
  reverse: 'l',
  each: 'of',
  assert: 'xs',
  type: 'x',
  sort: 'l',
  distinct: 'l',
  base64encode: 's',
  base64decode: 's',
  encodeUrlComponent: 's',
  decodeUrl: 's',
  toMillis: 'sp',
  fromMillis: 'np',
  clone: 'o',
};

const NUMBERS = ['0', '1', '-1', '2', '3.7', '10'];
const HUGE_NUMBERS = ['1e308', '-1e308', '1e9', '999999', '2147483648', '0.1e-300'];
const TEXTS = ['""', '"a"', '"abc abc"', '"1,2,3"', '"2018-04-14"', '"é𝒳"', '"__proto__"', '"constructor"'];
const HUGE_TEXTS = ['$pad("", 100000, "ab")', '$join([1..50000].("x"))', '"\\u0000\\uD800"'];
const REGEXES = ['/a/', '/(b)|c/i', '/[0-9]+/', '/a*/', '/\\w+/m'];
const HUGE_REGEXES = ['/(a+)+b/', '/(a|ab)*c/', '/(.*)(.*)x|a/', '/([ab]*){1,20}$/', '/(?=a)/', '/\\1(a)/'];
const PICTURES = ['"0"', '"#,##0.00"', '"[Y0001]-[M01]-[D01]"', '"I"', '"w"', '"A"', '"[D1o] [MNn] [Y]"'];
const HUGE_PICTURES = ['"[Y,99999999]"', '$pad("", 5000, "0")', '"[Y][Y][Y][Y][Y]x"', '"[YI][Mw]["'];
const OPERATORS = ['+', '-', '*', '/', '%', '&', '=', '!=', '<', '>=', 'and', 'or', 'in', '?:', '??', '..', '~>'];
const PATHS = [
  '$',
  '$$',
  'a',
  'a.b',
  'items',
  'items.n',
  'items[n > 1]',
  'items[-1]',
  '*',
  '**',
  'items.%',
  '$x',
  'items@$i.n',
];

interface Words {
  readonly number: fc.Arbitrary<string>;
  readonly text: fc.Arbitrary<string>;
  readonly regex: fc.Arbitrary<string>;
  readonly picture: fc.Arbitrary<string>;
}

const tame: Words = {
  number: fc.constantFrom(...NUMBERS),
  text: fc.constantFrom(...TEXTS),
  regex: fc.constantFrom(...REGEXES, ...TEXTS.slice(1, 3)),
  picture: fc.constantFrom(...PICTURES),
};

const hostile: Words = {
  number: fc.constantFrom(...NUMBERS, ...HUGE_NUMBERS),
  text: fc.constantFrom(...TEXTS, ...HUGE_TEXTS),
  regex: fc.constantFrom(...REGEXES, ...HUGE_REGEXES),
  picture: fc.constantFrom(...PICTURES, ...HUGE_PICTURES),
};

function expressions({ number, text, regex, picture }: Words, ranges: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { any } = fc.letrec<{ any: string; list: string; object: string; call: string; lambda: string; fold: string }>(
    (tie) => {
      const [any, list, object] = [tie('any'), tie('list'), tie('object')];
      const kinds: Record<string, fc.Arbitrary<string>> = {
        x: any,
        l: list,
        o: object,
        s: text,
        n: number,
        r: regex,
        p: picture,
        f: tie('lambda'),
        F: tie('fold'),
      };
      const argument = (kind: string) =>
        fc.oneof({ weight: 6, arbitrary: kinds[kind] ?? any }, { weight: 1, arbitrary: any });
      const two = (build: (a: string, b: string) => string) => fc.tuple(any, any).map(([a, b]) => build(a, b));
      return {
        any: fc.oneof(
          { maxDepth: 4, depthIdentifier: 'expression' },
          fc.oneof(number, text, fc.constantFrom(...PATHS, 'true', 'null')),
          tie('call'),
          list,
          object,
          fc.tuple(any, fc.constantFrom(...OPERATORS), any).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
          two((a, b) => `(${a} ? ${b})`),
          two((a, b) => `(${a})[${b}]`),
          two((a, b) => `(${a}).(${b})`),
          two((a, b) => `(${a})^(${b})`),
          two((a, b) => `(${a}){$string(${b}): $}`),
          two((a, b) => `($x := ${a}; ${b})`),
          two((a, b) => `(${a} ~> |${b}|{"t": 1}|)`),
          two((a, b) => `($f := function($n){ $n > 2 ? ${a} : $f($n + 1) & ${b} }; $f(0))`),
        ),
        list: fc.oneof(
          { maxDepth: 4, depthIdentifier: 'expression' },
          ranges,
          fc.array(any, { maxLength: 4 }).map((members) => `[${members.join(', ')}]`),
        ),
        object: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'toString'), any, { maxKeys: 3 }).map(
          (members) =>
            `{${Object.entries(members)
              .map(([key, value]) => `"${key}": ${value}`)
              .join(', ')}}`,
        ),
        lambda: any.map((body) => `function($x){ ${body} }`),
        fold: any.map((body) => `function($x, $y){ ${body} }`),
        call: fc
          .constantFrom(...Object.entries(CALLS))
          .chain(([name, kindsTaken]) =>
            fc.tuple(...[...kindsTaken].map(argument)).map((given) => `$${name}(${given.join(', ')})`),
          ),
      };
    },
  );
  return any;
}

/** Small in all they do, whatever they ask: the library by itself can be asked too. */
export const tameExpressions = expressions(tame, fc.constantFrom('[1..5]', '[0]', '[]', '["b", "a", "b"]'));

/** Also large ranges, texts and patterns, known attacks, and texts that are none. */
export const hostileExpressions: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: expressions(hostile, fc.constantFrom('[1..5]', '[1..100000]', '[1..1e9]', '[-5..5]')) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.values(EXPRESSION_ATTACKS).flat()).chain(withOneChange) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
);

/** A character taken out or put in, as somebody would who looks for a gap. */
function withOneChange(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat({ max: text.length }), fc.constantFrom('', '(', ')', '[', '$', '"', '/', '9', '.', '\\', '%', '|'))
    .map(([at, put]) => text.slice(0, at) + put + text.slice(at + (put === '' ? 1 : 0)));
}
