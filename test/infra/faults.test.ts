import { describe, expect, it } from 'vitest';
import { disturb, type Faults } from '../../infra/local/faults.ts';
import { AWS_LATENCY, type LatencyKind } from '../../infra/local/latency.ts';

const MANY = 20_000;
const draw = <T>(one: () => T): T[] => Array.from({ length: MANY }, one);

describe('faults', () => {
  it('are the same for the same seed and source, whatever other sources draw', () => {
    const faults = { duplicate: 0.5, delay: 100, crash: 0.5 };
    const once = disturb({ faults, seed: 7 })('queue');
    const deliveriesOf = disturb({ faults, seed: 7 });
    const again = deliveriesOf('queue');
    const other = deliveriesOf('stream');
    const drawn = (one: typeof once) => [one.isRepeated(), one.delayMs(), one.crashAfterMs()];

    const pairs = Array.from({ length: 100 }, () => [drawn(once), drawn(again), drawn(other)]);

    expect(pairs.every(([a, b]) => JSON.stringify(a) === JSON.stringify(b))).toBe(true);
    expect(pairs.every(([a, , c]) => JSON.stringify(a) === JSON.stringify(c))).toBe(false);
  });

  it('do not happen unless they are asked for', () => {
    const { isRepeated, delayMs, isOvertaken, isThrottled, crashAfterMs, latencyMs } = disturb({})('any');
    const happened = [isRepeated(), delayMs(), isOvertaken(), isThrottled(), crashAfterMs(), latencyMs('stream')];

    expect(happened).toEqual([false, 0, false, false, undefined, 0]);
  });

  it('happen as often as is asked for', () => {
    const faults: Faults = { duplicate: 0.1, reorder: 0.2, throttle: 0.3, crash: 0.4, delay: 50 };
    const deliveries = disturb({ faults, seed: 1 })('any');
    const share = (one: () => boolean) => draw(one).filter(Boolean).length / MANY;

    expect(share(deliveries.isRepeated)).toBeCloseTo(0.1, 1);
    expect(share(deliveries.isOvertaken)).toBeCloseTo(0.2, 1);
    expect(share(deliveries.isThrottled)).toBeCloseTo(0.3, 1);
    expect(share(() => deliveries.crashAfterMs() !== undefined)).toBeCloseTo(0.4, 1);
    expect(Math.max(...draw(deliveries.delayMs))).toBeLessThan(50);
  });

  it.each([{ duplicate: 1.1 }, { crash: -1 }, { delay: 60_001 }, { lose: 0.5 }])('refuses %j', (faults) => {
    expect(() => disturb({ faults })).toThrow();
  });
});

describe('the latency of AWS', () => {
  const kinds: LatencyKind[] = ['stream', 'queue', 'write'];

  it.each(kinds)('of a %s has the quantiles that were measured there', (kind) => {
    const { latencyMs } = disturb({ latency: 'aws', seed: 1 })('any');

    const sorted = draw(() => latencyMs(kind)).sort((a, b) => a - b);

    const { p50Ms, p99Ms } = AWS_LATENCY[kind];
    expect((sorted[MANY / 2] ?? 0) / p50Ms).toBeCloseTo(1, 1);
    expect((sorted[MANY * 0.99] ?? 0) / p99Ms).toBeCloseTo(1, 1);
  });
});
