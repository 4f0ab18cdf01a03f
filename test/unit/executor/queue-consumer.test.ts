import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../shared/adapters/local/memory-queue.ts';
import { QueueConsumer } from '../../../shared/executor/queue-consumer.ts';
import { sleep } from '../../../shared/ports/clock.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';

describe('a queue consumer', () => {
  it('works on as many messages at once as it may, and gets through all, beside others', async () => {
    const clock = new VirtualClock();
    const queue = new MemoryTaskQueue({ clock, visibilityMs: 1e9, maxReceiveCount: 5 });
    const pools = ['one', 'other'].map((pool) => {
      const seen = { now: 0, most: 0, done: 0 };
      const consumer = new QueueConsumer(queue, pool, 3, async ({ receipt }) => {
        seen.most = Math.max(seen.most, ++seen.now);
        await sleep(clock, 100);
        await queue.acknowledge(pool, receipt);
        seen.now--;
        seen.done++;
      });
      return { pool, seen, consumer };
    });

    for (const { pool } of pools)
      await queue.send(
        pool,
        Array.from({ length: 50 }, (_, index) => ({ body: `${index}` })),
      );
    await clock.runUntil(() => pools.every(({ seen }) => seen.done === 50), 60_000);
    queue.close();
    await Promise.all(pools.map(({ consumer }) => consumer.close()));

    expect(pools.map(({ seen }) => seen)).toEqual([
      { now: 0, most: 3, done: 50 },
      { now: 0, most: 3, done: 50 },
    ]);
  });
});
