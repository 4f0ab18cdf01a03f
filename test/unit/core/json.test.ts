import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, toJson } from '../../../shared/core/json.ts';
import { InvalidInputError } from '../../../shared/errors.ts';

const issuesOf = (value: unknown) => {
  try {
    toJson(value, 'it');
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.issues;
    throw error;
  }
};
const cycle: { self?: unknown } = {};
cycle.self = { deep: [cycle] };

describe('toJson refuses what JSON would silently change', () => {
  it.each<[string, unknown, string]>([
    ['a bigint', { a: [1, 2n] }, 'a[1]'],
    ['a function', { a: () => 1 }, 'a'],
    ['a symbol', [Symbol('s')], '[0]'],
    ['NaN', { a: { b: Number.NaN } }, 'a.b'],
    ['Infinity', [-Infinity], '[0]'],
    ['a Map', { a: new Map([[1, 2]]) }, 'a'],
    ['a Set', new Set([1]), ''],
    ['a Promise', { a: Promise.resolve(1) }, 'a'],
    ['bytes', { a: new Uint8Array(3) }, 'a'],
    ['an ArrayBuffer', [new ArrayBuffer(3)], '[0]'],
    ['an Error', { error: new Error('lost') }, 'error'],
    ['a RegExp', [/a/], '[0]'],
    ['a boxed number', { a: Object(5) }, 'a'],
    ['a boxed text', { a: Object('text') }, 'a'],
    ['a cycle', cycle, 'self.deep[0]'],
  ])('%s, and says where', (_what, value, path) => {
    expect(issuesOf(value).map((issue) => issue.path)).toEqual([path]);
  });

  it('nesting over 200 deep, however deep it is', () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) value = [value];

    expect(issuesOf(value)[0]?.message).toContain('nested over 200 deep');
  });

  it('every place at once', () => {
    expect(issuesOf({ a: 1n, b: [() => 1, Number.NaN] }).map(({ path }) => path)).toEqual(['a', 'b[0]', 'b[1]']);
  });

  it('what is too large before it is made', () => {
    const text = 'x'.repeat(1_000_000);

    expect(() => toJson(Array(100).fill(text), 'it')).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }));
  });
});

describe('toJson', () => {
  it('gives what JSON.stringify and back would', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(toJson(value, 'it')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ['undefined', undefined, null],
    ['undefined properties', { a: undefined, b: 1 }, { b: 1 }],
    ['undefined members', [undefined, 1], [null, 1]],
    ['holes', Array(2), [null, null]],
    ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [
      'an instance of a class of one’s own',
      new (class Point {
        x = 1;
        #y = 2;
        get y() {
          return this.#y;
        }
      })(),
      { x: 1 },
    ],
    ['the same object twice, which is no cycle', ((o) => [o, o])({ a: 1 }), [{ a: 1 }, { a: 1 }]],
  ])('takes %s', (_what, value, expected) => {
    expect(toJson(value, 'it')).toEqual(expected);
  });

  it('keeps a key called __proto__ as data', () => {
    const json = toJson(JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1}'), 'it');

    expect(JSON.stringify(json)).toBe('{"__proto__":{"isAdmin":true},"constructor":1}');
    expect((json as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('shares nothing with what it was given', () => {
    const value = { a: [1] };

    const json = toJson(value, 'it');
    value.a.push(2);

    expect(json).toEqual({ a: [1] });
  });
});

describe('canonicalJson', () => {
  it('is the same text for equal values, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());

        expect(canonicalJson(toJson(reversed, 'it'))).toBe(canonicalJson(toJson(value, 'it')));
      }),
    );
  });

  it('is the text it ever was, which stored hashes were made of', () => {
    const ever = (value: unknown) =>
      JSON.stringify(value, (_key, member: unknown) =>
        typeof member === 'object' && member !== null && !Array.isArray(member)
          ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
          : member,
      );
    const key = fc.oneof(fc.string(), fc.nat(200).map(String), fc.constantFrom('__proto__', 'toJSON', '', '-1', '1.5'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(
          fc.string(),
          fc.double(),
          fc.boolean(),
          fc.constant(null),
          fc.constant(undefined),
          fc.date({ noInvalidDate: true }),
        ),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(key, tie('value'), { maxKeys: 40 }),
      ),
    }));

    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 40 }), (object) => {
        expect(canonicalJson(object)).toBe(ever(object));
      }),
      { numRuns: 500 },
    );
  });

  it('tells different orders of a list apart', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  });
});
