import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkRef } from '../../../shared/core/events.ts';
import { decodeWork, encodeWork } from '../../../shared/core/work-list.ts';

const number = fc.integer({ min: 0, max: 200 });
const visit = fc.integer({ min: 1, max: 3 });
const work: fc.Arbitrary<WorkRef> = fc.oneof(
  fc.record({ kind: fc.constantFrom('node' as const, 'plan' as const, 'collect' as const), node: number, visit }),
  fc.record({ kind: fc.constant('chunk' as const), node: number, visit, chunk: number }),
  fc.constant({ kind: 'settle' as const }),
);
const sorted = (list: readonly WorkRef[]) =>
  [...new Set(list.map((ref) => JSON.stringify(Object.entries(ref).sort())))].sort();

describe('a work list', () => {
  it('gives back the work it was made of', () => {
    fc.assert(
      fc.property(fc.array(work), (list) => {
        expect(sorted(decodeWork(encodeWork(list)))).toEqual(sorted(list));
      }),
    );
  });

  it('of nothing is nothing', () => {
    expect(decodeWork(encodeWork([]))).toEqual([]);
  });

  it('of 10,000 nodes in a row is short', () => {
    const list = Array.from({ length: 10_000 }, (_, node): WorkRef => ({ kind: 'node', node, visit: 1 }));

    expect(encodeWork(list)).toBe('n:1:0-9999');
  });

  it('that this version did not write is refused', () => {
    expect(() => decodeWork('x:1:0')).toThrow('no known kind');
  });
});
