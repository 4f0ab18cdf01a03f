import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeItem, encode } from '../../shared/adapters/local/item-encoding.ts';
import type { Value } from '../../shared/ports/item-table.ts';

const names = fc.oneof({ weight: 20, arbitrary: fc.constantFrom('a', 'b', 'toString') }, fc.constant('$set'));
const fields = { maxKeys: 3, noNullPrototype: true };
const { value: values } = fc.letrec<{ value: Value | undefined }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 20, arbitrary: fc.constantFrom<Value | undefined>(null, true, 0, -0, 1.5, '', 'x', undefined) },
    { weight: 1, arbitrary: fc.constantFrom<Value>(new Set(['x']), new Uint8Array([1])) },
    {
      weight: 5,
      arbitrary: fc.array(tie('value').filter((value): value is Value => value !== undefined && !isEmpty(value))),
    },
    { weight: 5, arbitrary: fc.dictionary(names, tie('value'), fields) },
  ),
}));
const isEmpty = (value: Value) => value instanceof Set && value.size === 0;

it('an item that stands for what is read of it is the same, down to what is undefined and to negative zero', () => {
  fc.assert(
    fc.property(fc.dictionary(names, values, fields), (attributes) => {
      const item = { ...attributes, pk: 'p', sk: 's' };

      const { text, image } = encode(item);

      if (image !== undefined) expect(image).toStrictEqual(decodeItem(text));
    }),
  );
});

it('an item without such parts stands for itself', () => {
  const item = { pk: 'p', sk: 's', n: 1, list: [{ text: 'x', none: null }] };

  expect(encode(item).image).toBe(item);
});
