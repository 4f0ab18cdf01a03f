import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clearBit,
  copyBits,
  countBits,
  emptyBits,
  firstMember,
  fromRanges,
  hasBit,
  membersOf,
  setBit,
  toRanges,
} from '../../../shared/core/bits.ts';

const members = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 100 });
const bitsOf = (numbers: readonly number[]) => {
  const bits = emptyBits(501);
  for (const number of numbers) setBit(bits, number);
  return bits;
};
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

describe('bits', () => {
  it('hold what was set and nothing else', () => {
    fc.assert(
      fc.property(members, (numbers) => {
        const bits = bitsOf(numbers);

        expect([...membersOf(bits)]).toEqual(sorted(numbers));
        expect(countBits(bits)).toBe(numbers.length);
        expect(firstMember(bits)).toBe(sorted(numbers)[0] ?? -1);
      }),
    );
  });

  it('lose what is cleared', () => {
    fc.assert(
      fc.property(members, members, (numbers, cleared) => {
        const bits = bitsOf(numbers);

        for (const number of cleared) clearBit(bits, number);

        expect([...membersOf(bits)]).toEqual(sorted(numbers.filter((number) => !cleared.includes(number))));
      }),
    );
  });

  it('have nothing beyond their end', () => {
    expect(hasBit(emptyBits(8), 1_000)).toBe(false);
  });

  it('are copied, whatever subclass they are', () => {
    const bits = Buffer.from([1]);

    const copy = copyBits(bits);
    setBit(copy, 5);

    expect(hasBit(bits, 5)).toBe(false);
  });
});

describe('ranges', () => {
  it('give back the members they were made of, in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (numbers) => {
        expect([...fromRanges(toRanges(numbers))]).toEqual(numbers);
      }),
    );
  });

  it('are short where members are neighbours', () => {
    expect(toRanges([0, 1, 2, 7, 9, 10])).toBe('0-2,7,9-10');
  });
});
