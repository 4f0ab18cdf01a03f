import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Delivery, deadLetterPool, type TaskQueue } from '../../shared/ports/task-queue.ts';

/** Makes a fresh pool that hides deliveries for 1 s, and gives a message up after 2. */
export type CreatePool = () => Promise<{ readonly queue: TaskQueue; readonly pool: string }>;

/** Just over the second that a pool hides a delivery for. */
const PAST_VISIBILITY_MS = 1_100;

/** Receives and acknowledges until `count` messages came, or nothing more does. */
async function drain(queue: TaskQueue, pool: string, count: number): Promise<readonly Delivery[]> {
  const received: Delivery[] = [];
  while (received.length < count) {
    const deliveries = await queue.receive(pool, { waitMs: 2_000 });
    if (deliveries.length === 0) break;
    received.push(...deliveries);
    await Promise.all(deliveries.map(({ receipt }) => queue.acknowledge(pool, receipt)));
  }
  return received;
}

export function queueContract(createPool: CreatePool): void {
  describe.concurrent('a pool', () => {
    it('delivers every message of a large send once, when each is acknowledged', async () => {
      const { queue, pool } = await createPool();
      // No characters beyond U+FFFF: SQS takes them, fauxqs does not.
      const bodies = Array.from({ length: 95 }, (_, n) => JSON.stringify({ n, text: 'grün \u0000 \ufffe' }));

      await queue.send(
        pool,
        bodies.map((body) => ({ body })),
      );

      const received = await drain(queue, pool, bodies.length);
      const numbers = received.map(({ body }): unknown => JSON.parse(body)).toSorted();
      expect(new Set(numbers.map((value) => JSON.stringify(value)))).toStrictEqual(new Set(bodies));
      expect(received).toHaveLength(bodies.length);
      expect(received.every(({ receiveCount }) => receiveCount === 1)).toBe(true);
      expect(await queue.receive(pool)).toStrictEqual([]);
    });

    it('takes messages that are larger together than one request, and none of more than 1 MB', async () => {
      const { queue, pool } = await createPool();
      const bodies = Array.from({ length: 5 }, (_, n) => `"${String(n).repeat(400_000)}"`);

      await queue.send(
        pool,
        bodies.map((body) => ({ body })),
      );
      const refused = queue.send(pool, [{ body: '"first"' }, { body: `"${'x'.repeat(1_048_576)}"` }]);

      await expect(refused).rejects.toMatchObject({ code: 'MESSAGE_NOT_SENDABLE' });
      const received = await drain(queue, pool, bodies.length);
      expect(received.map(({ body }) => body).toSorted()).toStrictEqual(bodies);
      expect(await queue.receive(pool)).toStrictEqual([]);
    });

    it('sends nothing for no messages', async () => {
      const { queue, pool } = await createPool();

      await queue.send(pool, []);

      expect(await queue.receive(pool)).toStrictEqual([]);
    });

    it('hands out at most as many as asked for, and ten unless asked', async () => {
      const { queue, pool } = await createPool();
      await queue.send(
        pool,
        Array.from({ length: 14 }, (_, n) => ({ body: `${n}` })),
      );

      expect(await queue.receive(pool, { max: 3 })).toHaveLength(3);
      expect(await queue.receive(pool)).toHaveLength(10);
      expect(await queue.receive(pool)).toHaveLength(1);
    });

    it('holds a delayed message back', async () => {
      const { queue, pool } = await createPool();
      const sentAtMs = performance.now();

      await queue.send(pool, [{ body: '"later"', delayMs: 500 }, { body: '"now"' }]);

      expect((await drain(queue, pool, 1)).map(({ body }) => body)).toStrictEqual(['"now"']);
      const [later] = await queue.receive(pool, { waitMs: 2_000 });
      expect(later?.body).toBe('"later"');
      expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(490);
    });

    it('refuses a delay beyond what a queue takes', async () => {
      const { queue, pool } = await createPool();

      for (const delayMs of [900_001, -1, Number.NaN]) {
        await expect(queue.send(pool, [{ body: '1', delayMs }])).rejects.toMatchObject({
          code: 'MESSAGE_NOT_SENDABLE',
        });
      }
      await queue.send(pool, [{ body: '1', delayMs: 900_000 }]);
    });

    it('wakes a receiver that waits as soon as a message comes', async () => {
      const { queue, pool } = await createPool();
      const startedAtMs = performance.now();

      const waiting = queue.receive(pool, { waitMs: 5_000 });
      await delay(100);
      await queue.send(pool, [{ body: '"x"' }]);

      expect((await waiting).map(({ body }) => body)).toStrictEqual(['"x"']);
      expect(performance.now() - startedAtMs).toBeLessThan(4_000);
    });

    it('lets a receiver go with nothing when its time is over', async () => {
      const { queue, pool } = await createPool();

      expect(await queue.receive(pool, { waitMs: 200 })).toStrictEqual([]);
    });

    it('hides a delivery, then hands it out again with a higher count, and then gives it up as a dead letter', async () => {
      const { queue, pool } = await createPool();
      await queue.send(pool, [{ body: '"poison"' }]);

      const [first] = await queue.receive(pool);
      const whileHidden = await queue.receive(pool);
      await delay(PAST_VISIBILITY_MS);
      const [second] = await queue.receive(pool);
      await delay(PAST_VISIBILITY_MS);
      const afterTheLast = await queue.receive(pool);
      const [dead] = await queue.receive(deadLetterPool(pool));

      expect(first).toMatchObject({ body: '"poison"', receiveCount: 1 });
      expect(whileHidden).toStrictEqual([]);
      expect(second).toMatchObject({ body: '"poison"', receiveCount: 2, messageId: first?.messageId });
      expect(second?.receipt).not.toBe(first?.receipt);
      expect(afterTheLast).toStrictEqual([]);
      expect(dead).toMatchObject({ body: '"poison"' });
    });

    it('returns a delivery at once when its visibility is set to 0', async () => {
      const { queue, pool } = await createPool();
      await queue.send(pool, [{ body: '"x"' }]);

      const [first] = await queue.receive(pool, { visibilityMs: 60_000 });
      await queue.changeVisibility(pool, first?.receipt ?? '', 0);
      const [again] = await queue.receive(pool, { waitMs: 1_000 });

      expect(again).toMatchObject({ body: '"x"', receiveCount: 2 });
    });

    it('keeps a delivery hidden for as long as its receiver extends it', async () => {
      const { queue, pool } = await createPool();
      await queue.send(pool, [{ body: '"x"' }]);

      const [first] = await queue.receive(pool);
      await queue.changeVisibility(pool, first?.receipt ?? '', 60_000);
      await delay(PAST_VISIBILITY_MS);

      expect(await queue.receive(pool)).toStrictEqual([]);
      await queue.acknowledge(pool, first?.receipt ?? '');
    });

    it('ignores a receipt whose delivery was handed out again or acknowledged', async () => {
      const { queue, pool } = await createPool();
      await queue.send(pool, [{ body: '"x"' }]);
      const [first] = await queue.receive(pool);
      await queue.changeVisibility(pool, first?.receipt ?? '', 0);
      const [second] = await queue.receive(pool, { waitMs: 1_000 });

      await queue.changeVisibility(pool, first?.receipt ?? '', 0);
      expect(await queue.receive(pool)).toStrictEqual([]);
      expect(await queue.receive(deadLetterPool(pool))).toStrictEqual([]);
      await queue.acknowledge(pool, second?.receipt ?? '');
      await queue.acknowledge(pool, second?.receipt ?? '');
      await queue.changeVisibility(pool, second?.receipt ?? '', 0);

      expect(await queue.receive(pool)).toStrictEqual([]);
    });

    it('keeps its messages from other pools', async () => {
      const one = await createPool();
      const other = await createPool();

      await one.queue.send(one.pool, [{ body: '"x"' }]);

      expect(await other.queue.receive(other.pool)).toStrictEqual([]);
      expect(await one.queue.receive(one.pool)).toHaveLength(1);
    });
  });
}
