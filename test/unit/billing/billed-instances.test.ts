import { describe, expect, it } from 'vitest';
import { BilledInstances, type Delivery } from '../../../shared/billing/billed-instances.ts';

/** Of the default pool, whose batches have ten messages. */
const aDelivery = (overrides: Partial<Delivery> = {}): Delivery => ({
  pool: 'default',
  sentWith: 'start',
  times: 10,
  startedAtMs: 1_000,
  endedAtMs: 1_000,
  ...overrides,
});
const at = (startedAtMs: number, overrides: Partial<Delivery> = {}) =>
  aDelivery({ startedAtMs, endedAtMs: startedAtMs, sentWith: `at ${startedAtMs}`, ...overrides });

describe('instances of the runner', () => {
  it('take another batch when they are done with the one before, and look at the flags every half second', () => {
    expect(new BilledInstances([at(1_000), at(1_100), at(1_200)]).looks).toBe(1);
    expect(new BilledInstances([at(1_000), at(1_100), at(1_500)]).looks).toBe(2);
  });

  it('are several where batches run side by side', () => {
    const instances = new BilledInstances([at(1_000, { endedAtMs: 1_300 }), at(1_100), at(1_200)]);

    expect(instances.looks).toBe(2);
    expect(instances.of('default', 'at 1200')).toEqual(instances.of('default', 'at 1100'));
    expect(instances.of('default', 'at 1000')).not.toEqual(instances.of('default', 'at 1100'));
  });

  it('are five at the most for what begins at once: the rest waits for them, and looks again if that is long', () => {
    const lasting = (ms: number) => new BilledInstances([aDelivery({ times: 200, endedAtMs: 1_000 + ms })]);

    expect(lasting(10).looks).toBe(5);
    expect(lasting(10).of('default', 'start').size).toBe(5);
    expect(lasting(1_000).looks).toBe(20);
  });

  it('share a batch among messages that were sent together, and only those', () => {
    const two = [aDelivery({ times: 5 }), aDelivery({ times: 5 })];
    const [one = aDelivery(), other = aDelivery()] = two;

    expect(new BilledInstances(two).looks).toBe(1);
    expect(new BilledInstances([one, { ...other, sentWith: 'another' }]).looks).toBe(2);
  });

  it('are as busy as the longest of a batch', () => {
    const batch = [aDelivery({ times: 9 }), aDelivery({ times: 1, endedAtMs: 1_200 })];

    expect(new BilledInstances([...batch, at(1_100)]).looks).toBe(2);
  });

  it('take one message at a time in a named pool, and are none of another pool', () => {
    const pooled = aDelivery({ pool: 'slow', times: 3 });

    expect(new BilledInstances([pooled]).looks).toBe(3);
    expect(new BilledInstances([pooled, at(1_100)]).looks).toBe(4);
  });

  it('run a sample for all that it stands for', () => {
    const sample = Array.from({ length: 20 }, () => aDelivery({ times: 1.5 }));

    expect(new BilledInstances(sample).looks).toBe(3);
  });
});
