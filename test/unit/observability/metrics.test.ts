import { describe, expect, it } from 'vitest';
import { Observer } from '../../../shared/observability/observer.ts';
import { countIntoWindow, WindowState } from '../../../shared/observability/shard-window.ts';
import {
  addSample,
  emptyTally,
  mergeTally,
  type Sample,
  splitTally,
  Tally,
  toMetrics,
} from '../../../shared/observability/tally.ts';
import { toEvents } from '../../../shared/observability/to-events.ts';
import { WindowBook } from '../../../shared/observability/window-book.ts';
import { aChange, aMeta, aResult, aStore } from '../../support/factories-observability.ts';

const aSample = (overrides: Partial<Sample> = {}): Sample => ({
  workflow: 'orders',
  endedAtMs: 61_000,
  isSuccess: true,
  durationMs: 100,
  visits: [['pack', 40]],
  ...overrides,
});

describe('a tally', () => {
  it('counts executions and what their nodes took', () => {
    const tally = emptyTally();
    addSample(tally, aSample());
    addSample(
      tally,
      aSample({
        isSuccess: false,
        durationMs: 300,
        visits: [
          ['pack', 60],
          ['constructor', 1],
        ],
      }),
    );

    expect(toMetrics('orders', tally)).toMatchObject({
      workflow: 'orders',
      totalExecutions: 2,
      successfulExecutions: 1,
      failedExecutions: 1,
      averageDurationMs: 200,
      executionTimes: { count: 2, meanMs: 200, maxMs: 300 },
      nodeExecutionTimes: { pack: { count: 2, meanMs: 50, maxMs: 60 }, constructor: { count: 1 } },
    });
  });

  it('of an earlier version adds up with one that knows what executions took', () => {
    const earlier = Tally.parse({ succeeded: 3, failed: 0, durationMs: 600, nodes: {} });
    const tally = emptyTally();
    addSample(tally, aSample({ durationMs: 1_000 }));

    const sum = emptyTally();
    for (const part of [earlier, tally, earlier]) mergeTally(sum, part);

    expect(toMetrics('orders', sum)).toMatchObject({
      totalExecutions: 7,
      averageDurationMs: 2_200 / 7,
      executionTimes: { count: 1, p95Ms: expect.closeTo(1_000, -2), maxMs: 1_000 },
    });
    expect(toMetrics('orders', earlier)).not.toHaveProperty('executionTimes');
  });

  it('is, cut in parts, the sum of them', () => {
    const tally = emptyTally();
    const visits = Array.from({ length: 120 }, (_, node) => [`n${node}`, node] as const);
    addSample(tally, aSample({ visits }));

    const parts = splitTally(tally, 50);
    const sum = emptyTally();
    for (const part of parts) mergeTally(sum, part);

    expect(parts).toHaveLength(3);
    expect(sum).toEqual(tally);
  });
});

describe('the windows of a local observer', () => {
  it('are minutes, each under a name of its own', () => {
    let names = 0;
    const book = new WindowBook(() => `shard-${++names}`);
    book.add(aSample({ endedAtMs: 59_999 }));
    book.add(aSample({ endedAtMs: 60_000 }));

    expect(book.take()).toMatchObject([
      { startMs: 0, shard: 'shard-1' },
      { startMs: 60_000, shard: 'shard-2' },
    ]);
    expect(book.take()).toEqual([]);
  });

  it('are never written over by a later one of the same minute', () => {
    let names = 0;
    const book = new WindowBook(() => `shard-${++names}`);
    book.add(aSample({ endedAtMs: 1 }));
    book.take();
    book.letGo(200_000);

    book.add(aSample({ endedAtMs: 2 }));

    expect(book.take()).toMatchObject([{ startMs: 0, shard: 'shard-2', tally: { succeeded: 1 } }]);
  });

  it('that could not be written are taken again, under the same name', () => {
    let names = 0;
    const book = new WindowBook(() => `shard-${++names}`);
    book.add(aSample({ endedAtMs: 1 }));
    book.putBack(book.take());
    book.letGo(200_000);

    book.add(aSample({ endedAtMs: 2 }));

    expect(book.take()).toMatchObject([{ startMs: 0, shard: 'shard-1', tally: { succeeded: 2 } }]);
  });
});

describe('stored metrics', () => {
  it('are the sum of the minutes in the range, of all shards', async () => {
    await using bench = aStore();
    const { metrics } = bench.store;
    const tally = emptyTally();
    addSample(tally, aSample());
    for (const startMs of [0, 60_000, 120_000]) {
      for (const shard of ['a', 'b']) await metrics.put({ workflow: 'orders', startMs, shard, tally });
    }
    await metrics.put({ workflow: 'others', startMs: 0, shard: 'a', tally });

    expect((await metrics.sum('orders', 0, 1e12)).succeeded).toBe(6);
    expect((await metrics.sum('orders', 60_000, 60_000)).succeeded).toBe(2);
    expect((await metrics.sum('orders', 60_000, 119_999)).nodes.pack?.count).toBe(2);
    expect(await metrics.sum('orders', 180_000, 1e12)).toEqual(emptyTally());
  });

  it('take many nodes and durations', async () => {
    await using bench = aStore();
    const tally = emptyTally();
    for (let ms = 1; ms < 1e7; ms *= 1.5) {
      addSample(tally, aSample({ visits: Array.from({ length: 1_000 }, (_, node) => [`n${node}`, ms] as const) }));
    }

    await bench.store.metrics.put({ workflow: 'orders', startMs: 0, shard: 'a', tally });

    expect(await bench.store.metrics.sum('orders', 0, 0)).toEqual(tally);
  });
});

describe('the windows of a shard of the stream', () => {
  const NEW = WindowState.parse({});
  const window = { startMs: 60_000, shard: 'shard-1', isOver: false };

  const endsIn = (change: Parameters<typeof toEvents>[0]) =>
    toEvents(change)
      .filter((event) => event.type === 'ExecutionEnded')
      .map((event) => ({ event, resultShards: undefined }));

  async function aBench() {
    const { table, store, ...rest } = aStore();
    const observer = new Observer(store);
    const running = aMeta();
    const meta = aMeta({ status: 'SUCCEEDED', endedAtMs: 2_000 });
    await Promise.all([meta, aResult()].map((item) => table.put(item)));
    const ended = endsIn(aChange(meta, { before: running }));
    return { table, store, observer, ended, ...rest };
  }

  it('count what ended, by what stands of it, and are written when they are over', async () => {
    await using bench = await aBench();

    const first = await countIntoWindow(bench, NEW, bench.ended, window);
    expect((await bench.store.metrics.sum('orders', 0, 1e12)).succeeded).toBe(0);
    await countIntoWindow(bench, WindowState.parse(JSON.parse(JSON.stringify(first))), [], { ...window, isOver: true });

    expect(await bench.store.metrics.sum('orders', 60_000, 60_000)).toMatchObject({
      succeeded: 1,
      failed: 0,
      durationMs: 1_000,
      nodes: { pack: { count: 1, sumMs: 60 } },
    });
  });

  it('count an invocation that is repeated once', async () => {
    await using bench = await aBench();

    await countIntoWindow(bench, NEW, bench.ended, window);
    const state = await countIntoWindow(bench, NEW, bench.ended, window);
    await countIntoWindow(bench, state, [], { ...window, isOver: true });
    await countIntoWindow(bench, state, [], { ...window, isOver: true });

    expect((await bench.store.metrics.sum('orders', 0, 1e12)).succeeded).toBe(1);
  });

  it('leave out what came after the end, and what an earlier run gave', async () => {
    await using bench = await aBench();
    const failed = aMeta({ run: 2, status: 'FAILED', redrivenAtMs: 1_500, endedAtMs: 2_000 });
    await bench.table.put(aResult({ sk: 'RESULT#late#000001#0002', node: 'late', run: 2, endedAtMs: 2_001 }));
    await bench.table.put(aResult({ sk: 'RESULT#again#000001#0002', node: 'again', run: 2, endedAtMs: 1_900 }));
    const ended = endsIn(aChange(failed));

    const { tallies } = await countIntoWindow(bench, NEW, ended, window);

    expect(Object.keys(tallies.orders?.nodes ?? {})).toEqual(['again']);
    expect(tallies.orders).toMatchObject({ failed: 1, durationMs: 500 });
  });

  it('are written in parts when there is more than Lambda keeps', async () => {
    await using bench = await aBench();
    const large = emptyTally();
    addSample(large, aSample({ visits: Array.from({ length: 10_000 }, (_, node) => [`n${node}`, 1] as const) }));

    const state = await countIntoWindow(bench, { part: 0, tallies: { orders: large } }, bench.ended, window);
    await countIntoWindow(bench, state, bench.ended, { ...window, isOver: true });

    expect(state).toEqual({ part: 1, tallies: {} });
    expect((await bench.store.metrics.sum('orders', 60_000, 60_000)).succeeded).toBe(3);
  });
});
