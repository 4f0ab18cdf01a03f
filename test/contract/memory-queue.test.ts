import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryTaskQueue } from '../../shared/adapters/local/memory-queue.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { TimeHeap } from '../../shared/adapters/local/time-heap.ts';
import { deadLetterPool } from '../../shared/ports/task-queue.ts';

const aQueue = () => new MemoryTaskQueue({ clock: systemClock, visibilityMs: 30_000, maxReceiveCount: 3 });

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('MemoryTaskQueue', () => {
  it('gives a delayed message to a receiver that waits, at its time', async () => {
    const queue = aQueue();
    await queue.send('p', [
      { body: 'late', delayMs: 900_000 },
      { body: 'soon', delayMs: 1_000 },
    ]);
    const waiting = queue.receive('p', { waitMs: 20_000 });

    await vi.advanceTimersByTimeAsync(999);
    expect(await Promise.race([waiting, 'still waiting'])).toBe('still waiting');
    await vi.advanceTimersByTimeAsync(1);

    expect((await waiting).map(({ body }) => body)).toStrictEqual(['soon']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives a message to one of several receivers that wait, the first', async () => {
    const queue = aQueue();
    const [first, second] = [queue.receive('p', { waitMs: 1_000 }), queue.receive('p', { waitMs: 1_000 })];

    await queue.send('p', [{ body: 'x' }]);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(await first).toHaveLength(1);
    expect(await second).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps one timer for any number of delayed messages', async () => {
    const queue = aQueue();
    await queue.send(
      'p',
      Array.from({ length: 1_000 }, (_, n) => ({ body: `${n}`, delayMs: 500 + n })),
    );

    const waiting = queue.receive('p', { waitMs: 20_000 });

    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(500);
    expect((await waiting).map(({ body }) => body)).toStrictEqual(['0']);
  });

  it('wakes who waits for dead letters when one is given up', async () => {
    const queue = aQueue();
    await queue.send('p', [{ body: 'poison' }]);
    const dead = queue.receive(deadLetterPool('p'), { waitMs: 600_000 });

    for (let attempt = 0; attempt < 4; attempt++) {
      await queue.receive('p');
      await vi.advanceTimersByTimeAsync(30_000);
    }

    expect((await dead).map(({ body }) => body)).toStrictEqual(['poison']);
  });

  it('never gives a dead letter up', async () => {
    const queue = aQueue();
    await queue.send(deadLetterPool('p'), [{ body: 'dead' }]);

    for (let attempt = 1; attempt <= 10; attempt++) {
      expect((await queue.receive(deadLetterPool('p')))[0]?.receiveCount).toBe(attempt);
      await vi.advanceTimersByTimeAsync(30_000);
    }
  });

  it('lets receivers go when it is closed', async () => {
    const queue = aQueue();
    await queue.send('p', [{ body: 'x', delayMs: 1_000 }]);
    const waiting = queue.receive('p', { waitMs: 20_000 });

    queue.close();

    expect(await waiting).toStrictEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps nothing in mind of a message that is hidden until it is acknowledged', async () => {
    const queue = new MemoryTaskQueue({
      clock: systemClock,
      visibilityMs: Number.POSITIVE_INFINITY,
      maxReceiveCount: 3,
    });
    await queue.send('p', [{ body: 'x' }]);
    await queue.receive('p');

    const waiting = queue.receive('p', { waitMs: 20_000 });

    // That of who waits: there is nothing that could become due.
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await waiting).toStrictEqual([]);
  });

  it('carries 100,000 messages, half of them delayed, in a moment', async () => {
    vi.useRealTimers();
    let nowMs = 0;
    const queue = new MemoryTaskQueue({
      clock: { nowMs: () => nowMs, after: () => () => {} },
      visibilityMs: 30_000,
      maxReceiveCount: 3,
    });
    const startedAtMs = performance.now();

    await queue.send(
      'p',
      Array.from({ length: 100_000 }, (_, n) => ({ body: `${n}`, delayMs: n % 2 === 0 ? 0 : n })),
    );
    nowMs = 100_000;
    const seen = new Set<string>();
    for (;;) {
      const deliveries = await queue.receive('p');
      if (deliveries.length === 0) break;
      for (const { body, receipt } of deliveries) {
        seen.add(body);
        await queue.acknowledge('p', receipt);
      }
    }

    expect(seen.size).toBe(100_000);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });
});

describe('TimeHeap', () => {
  it('gives what is due by time, and by arrival within a time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.nat(20), (times, nowMs) => {
        const heap = new TimeHeap<readonly [number, number]>();
        for (const [order, atMs] of times.entries()) heap.push(atMs, [atMs, order]);

        const popped: (readonly [number, number])[] = [];
        for (let next = heap.popDue(nowMs); next !== undefined; next = heap.popDue(nowMs)) popped.push(next);

        const entries = times.map((atMs, order) => [atMs, order] as const).filter(([atMs]) => atMs <= nowMs);
        expect(popped).toStrictEqual(entries.toSorted(([a, i], [b, j]) => a - b || i - j));
        expect(heap.nextAtMs()).toBe(times.filter((atMs) => atMs > nowMs).toSorted((a, b) => a - b)[0]);
      }),
    );
  });
});

describe('systemClock', () => {
  const YEAR_MS = 31_536_000_000;

  it('holds delays beyond what a timer takes', () => {
    const task = vi.fn();
    systemClock.after(YEAR_MS, task);

    vi.advanceTimersByTime(YEAR_MS - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);

    expect(task).toHaveBeenCalledTimes(1);
  });

  it('calls nothing that was cancelled, however long it has waited', () => {
    const task = vi.fn();
    const cancel = systemClock.after(YEAR_MS, task);
    vi.advanceTimersByTime(YEAR_MS / 2);

    cancel();
    vi.advanceTimersByTime(YEAR_MS);

    expect(task).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
