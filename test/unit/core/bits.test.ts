import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clearBit,
  copier,
  copyBits,
  countBits,
  emptyBits,
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
      }),
    );
  });

  it('are found far apart, and wherever the set stands in memory', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5_000), { maxLength: 5 }), fc.nat(3), (numbers, offset) => {
        const size = 626;
        const bits = new Uint8Array(new ArrayBuffer(size + offset), offset);
        for (const number of numbers) setBit(bits, number);

        expect([...membersOf(bits)]).toEqual(sorted(numbers));
      }),
    );
  });

  it('are told one after another, though those told are cleared meanwhile', () => {
    const bits = bitsOf([1, 2, 70, 300]);
    const told: number[] = [];

    for (const member of membersOf(bits)) {
      clearBit(bits, member);
      told.push(member);
    }

    expect(told).toEqual([1, 2, 70, 300]);
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

describe('copies in one piece of memory', () => {
  it('are equal to their sets, and change neither these nor one another', () => {
    fc.assert(
      fc.property(fc.array(members, { maxLength: 6 }), fc.nat(40), (lists, more) => {
        const sets = lists.map((list, index) => Buffer.concat([bitsOf(list), Buffer.alloc((index * more) % 7)]));

        const copies = sets.map(copier(sets));
        for (const copy of copies)
          expect([...membersOf(copy)]).toEqual([...membersOf(sets[copies.indexOf(copy)] ?? Buffer.alloc(0))]);
        copies[0]?.fill(0xff);

        for (const [index, copy] of copies.entries()) {
          if (index > 0) expect([...membersOf(copy)]).toEqual(sorted(lists[index] ?? []));
        }
        if (lists[0] !== undefined) expect([...membersOf(sets[0] ?? Buffer.alloc(0))]).toEqual(sorted(lists[0]));
      }),
    );
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
