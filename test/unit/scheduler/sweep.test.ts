import { describe, expect, it } from 'vitest';
import { CorruptItemError } from '../../../shared/errors.ts';
import { NodeId } from '../../../shared/model/ids.ts';
import { Dispatcher } from '../../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../../shared/scheduler/scheduler.ts';
import { dueShards } from '../../../shared/store/execution-store.ts';
import { aMap, aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

const MINUTE_MS = 60_000;

describe('the sweep', () => {
  it('starts an execution whose first record was lost', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(await bench.sent()).toEqual(['node a']);
  });

  it('looks at what is due behind an item of which nothing can be read, and tells of that', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    bench.takeRecords();
    const dueShard = (await bench.meta())?.dueShard ?? '';
    await bench.table.put({ pk: 'EXEC#spoiled', sk: 'META', dueShard, dueAtMs: 0 });

    await bench.clock.pass(MINUTE_MS);
    const { failed } = await bench.sweep.run();

    expect(await bench.sent()).toEqual(['node a']);
    expect(failed).toEqual([{ executionId: 'spoiled', error: expect.any(CorruptItemError) }]);
  });

  it('comes to an end where a page holds nothing but such items', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    for (let item = 0; item < 30; item++)
      await bench.table.put({ pk: `EXEC#spoiled-${item}`, sk: 'META', dueShard: 'due-0', dueAtMs: 0 });

    const { failed } = await bench.sweep.run();

    expect(failed).toHaveLength(25);
  });

  it('looks at all shards, though the others cannot be read', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    bench.takeRecords();
    expect((await bench.meta())?.dueShard).toBe(dueShards[3]);
    const { queryDue } = bench.table;
    bench.table.queryDue = (shard, ...rest) =>
      shard === dueShards[3] ? queryDue.call(bench.table, shard, ...rest) : Promise.reject(new Error('no answer'));

    await bench.clock.pass(MINUTE_MS);

    await expect(bench.sweep.run()).rejects.toThrow('no answer');
    expect(await bench.sent()).toEqual(['node a']);
  });

  it('sends the first nodes of a start that died before it did, once they would have ended', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, startDies: true });
    const sent: string[][] = [];

    for (let minute = 1; minute <= 4; minute++) {
      await bench.clock.pass(MINUTE_MS);
      await bench.sweep.run();
      sent.push(await bench.sent());
    }

    expect(sent).toEqual([[], [], ['node a'], []]);
  });

  it('goes on from results whose records were lost', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask({ dependsOn: ['a'] }) } });
    await bench.advance();
    await bench.sent();
    await bench.settle('a');
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(await bench.sent()).toEqual(['node b']);
  });

  it('goes on along a route whose records were lost, through a loop', async () => {
    const bench = await aSchedulerBench({
      nodes: { a: aTask({ mayRouteTo: ['a', 'b'] }), b: aTask() },
      definition: { strategy: 'conditional' },
    });
    await bench.advance();
    await bench.sent();
    await bench.settle('a', 'SUCCEEDED', { next: 'a' });
    await bench.advance();
    await bench.sent();
    await bench.settle('a', 'SUCCEEDED', { visit: 2, next: 'b' });
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(await bench.sent()).toEqual(['node b']);
  });

  it('makes a checkpoint of a pause whose record was lost', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.advance();
    await bench.service.pause('execution-1');
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(await bench.service.checkpoints('execution-1')).toMatchObject([{ reason: 'pause', finishedNodes: 0 }]);
  });

  it('keeps the checkpoint of an interval whose records were lost, though more is decided', async () => {
    const config = { enableCheckpoints: true, checkpointInterval: 1 };
    const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask({ dependsOn: ['a'] }) }, config });
    await bench.advance();
    await bench.settle('a');
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(await bench.service.checkpoints('execution-1')).toMatchObject([{ reason: 'interval', finishedNodes: 1 }]);
  });

  it('counts no chunk twice, whatever records were lost', async () => {
    const bench = await aSchedulerBench({ nodes: { m: aMap() } });
    await bench.advance();
    await bench.planMap('m', 3);
    await bench.advance();
    await bench.settleChunk('m', 0, 1);
    await bench.advance();
    await bench.settleChunk('m', 2);
    bench.takeRecords();

    await bench.reconciler.reconcile(bench.executionId);
    await bench.reconciler.reconcile(bench.executionId);

    expect((await bench.state())?.state).toMatchObject({ inFlight: 1, maps: { 0: { inFlight: 1, failedItems: 1 } } });
  });

  it('ends what is over its deadline although it only waits', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 90 } });
    await bench.advance();
    await bench.sent();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();
    await bench.clock.pass(30_000);
    await bench.sweep.run();
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ stop: { reason: 'TIMED_OUT' } });
  });

  it('ends a stop whose timer was lost', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.advance();
    await bench.service.cancel('execution-1');
    await bench.advance();
    await bench.sent();

    for (let minute = 0; minute < 3; minute++) {
      await bench.clock.pass(MINUTE_MS);
      await bench.sweep.run();
      await bench.advance();
    }

    expect(await bench.meta()).toMatchObject({ status: 'CANCELLED' });
  });

  it('looks at what only waits less and less often, at its deadline at the latest', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 3_000 } });
    await bench.advance();
    const lookedAt: number[] = [];

    for (let minute = 1; minute <= 50; minute++) {
      await bench.clock.pass(MINUTE_MS);
      if ((await bench.sweep.run()).looked > 0) lookedAt.push(minute);
    }

    expect(lookedAt).toEqual([1, 2, 4, 8, 16, 26, 36, 46, 50]);
    expect((await bench.meta())?.stop?.reason).toBe('TIMED_OUT');
  });

  it.each(['cancel', 'resume'] as const)(
    'looks within a minute at what waited for long, after a %s',
    async (control) => {
      const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 86_400 } });
      await bench.advance();
      await bench.service.pause('execution-1');
      for (let minute = 1; minute <= 27; minute++) {
        await bench.clock.pass(MINUTE_MS);
        await bench.sweep.run();
      }

      await bench.service[control]('execution-1');
      await bench.clock.pass(MINUTE_MS);

      expect((await bench.sweep.run()).looked).toBe(1);
    },
  );

  it('sends again what gave no sign of life for half an hour, and then not every minute', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 86_400 } });
    await bench.advance();
    await bench.sent();
    const sentAt: number[] = [];

    for (let minute = 1; minute <= 75; minute++) {
      await bench.clock.pass(MINUTE_MS);
      await bench.sweep.run();
      await bench.advance();
      if ((await bench.sent()).length > 0) sentAt.push(minute);
    }

    // Looked at after 1, 2, 4, 8, 16, 26 and 36 minutes, then every ten: what was sent is a sign of life.
    expect(sentAt).toEqual([36, 66]);
  });

  it('sends what a repair decided and died before sending, though the state was saved again since', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 86_400 } });
    bench.takeRecords();
    const { store, clock, executionId } = bench;
    const dispatcher = new Dispatcher({ send: () => Promise.reject(new Error('it died')) });
    const dying = new Reconciler({ store, scheduler: new Scheduler({ store, dispatcher, clock }) });
    await expect(dying.reconcile(executionId)).rejects.toThrow('it died');
    await bench.service.pause(executionId);
    await bench.service.resume(executionId);
    await bench.advance();
    expect(await bench.sent()).toEqual([]);

    const sentIn: string[][] = [];
    for (let minute = 1; minute <= 3; minute++) {
      await bench.clock.pass(MINUTE_MS);
      await bench.sweep.run();
      sentIn.push(await bench.sent());
    }

    expect(sentIn).toEqual([['node a'], [], []]);
  });

  it('sends nothing again that a repair has sent', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 86_400 } });
    bench.takeRecords();
    await bench.reconciler.reconcile(bench.executionId);
    const sent = await bench.sent();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(sent).toEqual(['node a']);
    expect(await bench.sent()).toEqual([]);
  });

  it('begins no second chain of attempts beside one that waits for its time', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 86_400 } });
    await bench.advance();
    const [message] = await bench.sentMessages();
    const nowMs = bench.clock.nowMs();
    await bench.store.results.putAttempt({
      executionId: bench.executionId,
      resultShards: undefined,
      node: NodeId.parse('a'),
      visit: 1,
      run: 1,
      attempt: 1,
      error: { name: 'Flaky', message: 'as the test says' },
      startedAtMs: nowMs,
      endedAtMs: nowMs,
      nextAttemptAtMs: nowMs + 6 * 60 * MINUTE_MS,
      message: JSON.stringify({ ...message, attempt: 2 }),
    });

    for (let minute = 1; minute <= 120; minute++) {
      await bench.clock.pass(MINUTE_MS);
      await bench.sweep.run();
    }
    await bench.clock.pass(7 * 60 * MINUTE_MS);

    expect(await bench.sent()).toEqual([]);
  });

  it('sends nothing of a paused execution again, however long the pause', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 864_000 } });
    await bench.advance();
    await bench.sent();
    await bench.service.pause('execution-1');
    await bench.advance();

    for (let hour = 1; hour <= 48; hour++) {
      await bench.clock.pass(60 * MINUTE_MS);
      await bench.sweep.run();
    }

    expect(await bench.sent()).toEqual([]);
  });

  it('leaves an execution that moves alone', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask() } });
    await bench.advance();
    const state = await bench.state();

    await bench.clock.pass(MINUTE_MS);
    await bench.sweep.run();

    expect(await bench.state()).toEqual(state);
  });
});
