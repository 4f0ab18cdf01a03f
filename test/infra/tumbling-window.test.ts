import { describe, expect, it } from 'vitest';
import { TumblingWindow } from '../../infra/local/tumbling-window.ts';

describe('a tumbling window', () => {
  it('hands the state from one invocation to the next, and begins the next window without one', () => {
    const window = new TumblingWindow(60_000, 'shard-1');

    const first = window.open(61_000);
    window.keep({ state: { n: 1 }, batchItemFailures: [] });
    const second = window.open(119_000);
    window.keep({ state: { n: 2 } });
    const last = window.closing();
    window.close();
    const next = window.open(125_000);

    const bounds = { start: '1970-01-01T00:01:00Z', end: '1970-01-01T00:02:00Z' };
    expect(first).toMatchObject({ window: bounds, state: {}, shardId: 'shard-1', isFinalInvokeForWindow: false });
    expect(second).toMatchObject({ window: bounds, state: { n: 1 } });
    expect(last).toMatchObject({ window: bounds, state: { n: 2 }, isFinalInvokeForWindow: true });
    expect(next).toMatchObject({ window: { start: '1970-01-01T00:02:00Z' }, state: {} });
  });

  it('is open from its first records to its end', () => {
    const window = new TumblingWindow(60_000, 'shard-1');

    expect([window.endMs, window.closing()]).toEqual([undefined, undefined]);
    window.open(61_000);
    expect(window.endMs).toBe(120_000);
    window.close();
    expect(window.endMs).toBeUndefined();
  });

  it('takes an answer without a state for a failure, and keeps the state it has', () => {
    const window = new TumblingWindow(60_000, 'shard-1');
    window.open(0);
    window.keep({ state: { n: 1 } });

    expect([window.keep({ batchItemFailures: [] }), window.keep(null)]).toEqual([false, false]);
    expect(window.closing()?.state).toEqual({ n: 1 });
  });
});
