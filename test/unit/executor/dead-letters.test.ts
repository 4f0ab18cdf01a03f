import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../shared/adapters/local/memory-queue.ts';
import { type GivenUpRecords, QueueDeadLetters } from '../../../shared/executor/queue-dead-letters.ts';
import type { OutgoingMessage } from '../../../shared/ports/task-queue.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';

const task = (attempt: number) => ({
  ...{ v: 1, kind: 'chunk', executionId: 'e1', run: 2, node: 'a', visit: 1, attempt, chunk: 4, queuedAtMs: 1 },
});

function aBench() {
  const clock = new VirtualClock();
  const queue = new MemoryTaskQueue({ clock, visibilityMs: 30_000, maxReceiveCount: 1_000 });
  const looked: GivenUpRecords[] = [];
  const letters = new QueueDeadLetters({
    queue,
    unsettled: { default: 'd#', slow: 's#' },
    givenUp: 'g#',
    events: { queue: 'events', dead: 'e#' },
    redriveRecords: async (records) => {
      looked.push(records);
      if (records.shard === 'broken') throw new Error('the table is down');
      return records.shard === 'old' ? undefined : ['e1', 'e2'];
    },
  });
  const put = (name: string, ...bodies: unknown[]) =>
    queue.send(
      name,
      bodies.map((body): OutgoingMessage => ({ body: typeof body === 'string' ? body : JSON.stringify(body) })),
    );
  /** While the clock runs: a look waits for letters that may come. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = promise.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    await clock.runUntil(() => isOver, 10_000);
    return over;
  };
  return { queue, letters, put, settled, looked };
}

describe('dead letters', () => {
  it('are listed by pool, with what they were to do, and stay where they are', async () => {
    const { letters, put, settled } = aBench();
    await put('d#', task(3), { kind: 'settle', v: 1, executionId: 'e2', run: 1, queuedAtMs: 1 });
    await put('s#', 'x'.repeat(2_000));

    const first = await settled(letters.list());
    const second = await settled(letters.list());

    expect(first.work).toHaveLength(3);
    expect(first.work.map(({ pool, task, body }) => [pool, task ?? body])).toEqual(
      expect.arrayContaining([
        ['default', { kind: 'chunk', executionId: 'e1', run: 2, node: 'a', visit: 1, attempt: 3, chunk: 4 }],
        ['default', { kind: 'settle', executionId: 'e2', run: 1 }],
        ['slow', 'x'.repeat(1_000)],
      ]),
    );
    expect(second.work.map(({ messageId }) => messageId).toSorted()).toEqual(
      first.work.map(({ messageId }) => messageId).toSorted(),
    );
    expect(second.work.map(({ receiveCount }) => receiveCount)).toEqual([2, 2, 2]);
  });

  it('are listed up to a limit for each queue', async () => {
    const { letters, put, settled } = aBench();
    await put('d#', ...Array.from({ length: 25 }, (_, n) => task(n + 1)));
    await put('g#', ...Array.from({ length: 25 }, () => 'record'));

    const { work, records } = await settled(letters.list({ limit: 15 }));

    expect([work.length, records.length]).toEqual([15, 15]);
    expect((await settled(letters.list())).work).toHaveLength(25);
  });

  it('go back to their pool as they were, but for those that nobody can read', async () => {
    const { queue, letters, put, settled } = aBench();
    await put('s#', task(1), 'gibberish', task(2));

    const outcome = await settled(letters.redrive('slow'));

    expect(outcome).toEqual({ redriven: 2, unreadable: 1 });
    const sent = await queue.receive('slow');
    expect(sent.map(({ body }) => JSON.parse(body)).toSorted((a, b) => a.attempt - b.attempt)).toEqual([
      task(1),
      task(2),
    ]);
    expect((await settled(letters.list())).work).toMatchObject([{ pool: 'slow', body: 'gibberish' }]);
    expect(await settled(letters.redrive('slow'))).toEqual({ redriven: 0, unreadable: 1 });
  });

  it('are where they were when they cannot be sent', async () => {
    const { queue, letters, put, settled } = aBench();
    await put('d#', task(1));
    const send = queue.send.bind(queue);
    queue.send = async () => Promise.reject(new Error('down'));

    await expect(settled(letters.redrive('default'))).rejects.toThrow('down');
    queue.send = send;

    expect((await settled(letters.list())).work).toHaveLength(1);
  });

  it('of records are looked at again, but for those that are gone, and stay where that fails', async () => {
    const { letters, put, settled, looked } = aBench();
    const records = (shardId: string) => ({
      requestContext: { condition: 'RetryAttemptsExhausted', functionArn: 'arn:f' },
      DDBStreamBatchInfo: { shardId, startSequenceNumber: '1', endSequenceNumber: '9', batchSize: 2 },
    });
    await put('g#', records('s1'), records('s2'), records('old'), records('broken'), 'gibberish');

    const outcome = await settled(letters.redriveRecords());

    expect(outcome).toEqual({ redriven: 2, unreadable: 1, executionIds: ['e1', 'e2'], gone: 1, failed: 1 });
    expect(looked).toContainEqual({ shard: 's1', firstSequence: '1', lastSequence: '9', function: 'arn:f' });
    expect((await settled(letters.list())).records.map(({ shard, body }) => shard ?? body).toSorted()).toEqual([
      'broken',
      'gibberish',
    ]);
  });

  it('of events are listed with what they were to start, and go back to their queue', async () => {
    const { queue, letters, put, settled } = aBench();
    const event = { workflow: 'orders', version: 'live', trigger: 'placed', event: { id: '1' } };
    await put('e#', event, 'gibberish');

    const { events } = await settled(letters.list());
    const outcome = await settled(letters.redriveEvents());

    expect(events.toSorted((a, b) => a.body.length - b.body.length)).toMatchObject([
      { body: 'gibberish' },
      { workflow: 'orders', version: 'live', trigger: 'placed', body: JSON.stringify(event) },
    ]);
    expect(outcome).toEqual({ redriven: 1, unreadable: 1 });
    expect((await queue.receive('events')).map(({ body }) => JSON.parse(body))).toEqual([event]);
    expect((await settled(letters.list())).events).toHaveLength(1);
  });

  it('of a pool that is none are refused', async () => {
    await expect(aBench().letters.redrive('gpu')).rejects.toThrow(/is no pool: 'gpu'. There are: default, slow/);
  });
});
