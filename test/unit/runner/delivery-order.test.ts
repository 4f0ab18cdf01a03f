import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deliveryOrder } from '../../../shared/runner/delivery-order.ts';

const aBatch = (ids: readonly string[], receiveCount: number) => ids.map((messageId) => ({ messageId, receiveCount }));

describe('deliveryOrder', () => {
  it('runs first deliveries side by side, and what comes again alone', () => {
    const { together, oneByOne } = deliveryOrder([...aBatch(['b', 'a'], 1), ...aBatch(['d', 'c'], 2)]);

    expect(together.map(({ messageId }) => messageId)).toEqual(['b', 'a']);
    expect(oneByOne.map(({ messageId }) => messageId)).toEqual(['c', 'd']);
  });

  it('lets every message run before the one that kills the process, within two deliveries', () => {
    const batches = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(batches, fc.nat(), (ids, pick) => {
        const killer = ids[pick % ids.length] ?? '';
        const done = new Set<string>();

        for (const receiveCount of [2, 3]) {
          const order = deliveryOrder(aBatch(ids, receiveCount)).oneByOne.map(({ messageId }) => messageId);
          for (const id of order.slice(0, order.indexOf(killer))) done.add(id);
        }

        expect([...done].sort()).toEqual(ids.filter((id) => id !== killer).sort());
      }),
    );
  });
});
