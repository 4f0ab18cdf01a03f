import { describe, expect, it } from 'vitest';
import { encodeWork } from '../../../shared/core/work-list.ts';
import { NodeId } from '../../../shared/model/ids.ts';
import { Dispatcher } from '../../../shared/scheduler/dispatcher.ts';
import { Scheduler } from '../../../shared/scheduler/scheduler.ts';
import { aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

const inARow = { a: aTask(), b: aTask({ dependsOn: ['a'] }) };

describe('a pause point', () => {
  it('does not pause again after the resume, though the batch that reached it comes again', async () => {
    const bench = await aSchedulerBench({ nodes: inARow });
    await bench.advance();
    await bench.service.pause('execution-1', { before: 'b' });
    await bench.advance();
    await bench.settle('a');
    const batch = bench.takeRecords();
    await bench.handle(batch, bench.newScheduler());
    await bench.service.resume('execution-1');

    await bench.handle(batch, bench.newScheduler());
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'RUNNING' });
    expect(await bench.sent()).toEqual(['node a', 'node b']);
  });

  it('that was reached and not announced is no resume to a repair', async () => {
    const bench = await aSchedulerBench({ nodes: inARow });
    await bench.advance();
    await bench.service.pause('execution-1', { before: 'b' });
    await bench.advance();
    await bench.settle('a');
    bench.takeRecords();
    const { store, clock, executionId } = bench;
    const pauseAt = store.executions.pauseAt.bind(store.executions);
    store.executions.pauseAt = () => Promise.reject(new Error('it died'));
    await expect(bench.reconciler.reconcile(executionId)).rejects.toThrow('it died');
    store.executions.pauseAt = pauseAt;
    await clock.pass(60_000);

    await bench.sweep.run();

    expect(await bench.meta()).toMatchObject({ status: 'PAUSED' });
    expect(await bench.sent()).toEqual(['node a']);
  });

  it('that was set as a run ended holds in the next', async () => {
    const bench = await aSchedulerBench({ nodes: inARow });
    await bench.advance();
    await bench.settle('a', 'FAILED');
    const batch = bench.takeRecords();
    await bench.service.pause('execution-1', { before: 'b' });
    await bench.handle(batch);
    await bench.advance();
    expect(await bench.meta()).toMatchObject({ status: 'FAILED' });
    await bench.service.redrive('execution-1');
    await bench.advance();

    await bench.settle('a', 'SUCCEEDED', { run: 2 });
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'PAUSED' });
  });
});

describe('what a resume sent', () => {
  it('is sent again for a part of its batch that comes again, though that part tells of the pause alone', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.advance();
    await bench.sent();
    await bench.service.pause('execution-1');
    const paused = await bench.meta();
    await bench.store.executions.park(paused ?? expect.fail(), encodeWork([{ kind: 'node', node: 0, visit: 1 }]));
    await bench.service.resume('execution-1');
    const batch = bench.takeRecords();
    await bench.handle(batch);
    const sentAtFirst = await bench.sent();

    await bench.handle(batch.slice(0, -1));

    expect(sentAtFirst).toEqual(['node a']);
    expect(await bench.sent()).toEqual(['node a']);
  });
});

describe('the end', () => {
  it('is of the first reason to stop, although its record was lost', async () => {
    const bench = await aSchedulerBench({ nodes: inARow });
    await bench.advance();
    await bench.service.cancel('execution-1');
    bench.takeRecords();

    await bench.settle('a', 'FAILED');
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'CANCELLED' });
  });

  it('is not written before the output is kept for others', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, definition: { cache: { ttlSeconds: 600 } } });
    await bench.advance();
    await bench.settle('a');
    const { store, clock } = bench;
    store.cache.keep = () => Promise.reject(new Error('it died'));
    const scheduler = new Scheduler({ store, dispatcher: new Dispatcher({ send: async () => undefined }), clock });

    const { failed } = await bench.handle(bench.takeRecords(), scheduler);

    expect(failed).toMatchObject([{ error: { message: 'it died' } }]);
    expect(await bench.meta()).toMatchObject({ status: 'RUNNING' });
    expect(
      await bench.store.results.find({
        executionId: bench.executionId,
        resultShards: undefined,
        node: NodeId.parse('a'),
        visit: 1,
        run: 1,
      }),
    ).toBeDefined();
  });
});

describe('records of one execution', () => {
  const fourAtOnce = { a: aTask(), b: aTask(), c: aTask({ dependsOn: ['a'] }), d: aTask({ dependsOn: ['b'] }) };

  it('are all heard, whichever item comes first', async () => {
    const bench = await aSchedulerBench({ nodes: fourAtOnce });
    await bench.advance();
    await bench.settle('a');
    const earlier = bench.takeRecords();
    await bench.settle('b');
    const later = bench.takeRecords();

    await bench.handle(later, bench.newScheduler());
    await bench.handle(earlier, bench.newScheduler());

    expect((await bench.sent()).sort()).toEqual(['node a', 'node b', 'node c', 'node d']);
  });

  it('are sent again what they caused, however many others decide before they come again', async () => {
    const bench = await aSchedulerBench({ nodes: fourAtOnce });
    await bench.advance();
    const [scheduler, other] = [bench.newScheduler(), bench.newScheduler()];
    await bench.settle('a');
    const failing = bench.takeRecords();
    bench.outage.isOn = true;
    await bench.handle(failing, scheduler);
    bench.outage.isOn = false;
    await bench.settle('b');
    await bench.handle(bench.takeRecords(), scheduler);
    await bench.sent();

    await bench.handle(failing, other);

    expect(await bench.sent()).toEqual(['node c']);
  });

  it('are sent again what they caused, though a part of their batch comes first', async () => {
    const bench = await aSchedulerBench({ nodes: fourAtOnce });
    await bench.advance();
    await bench.sent();
    await bench.settle('a');
    await bench.settle('b');
    const [first, ...rest] = bench.takeRecords();
    if (first === undefined) throw new Error('There are two');
    bench.outage.isOn = true;
    await bench.handle([first, ...rest]);
    bench.outage.isOn = false;

    await bench.handle([first], bench.newScheduler());
    await bench.handle(rest, bench.newScheduler());

    expect((await bench.sent()).sort()).toEqual(['node c', 'node d']);
  });

  it('that came again change nothing, and no state is written', async () => {
    const bench = await aSchedulerBench({ nodes: fourAtOnce });
    await bench.advance();
    await bench.settle('a');
    const batch = bench.takeRecords();
    await bench.handle(batch);
    const before = await bench.state();

    await bench.handle(batch);
    await bench.handle(batch, bench.newScheduler());

    expect(await bench.state()).toEqual(before);
  });

  it('that the version before decided on are not decided on again, and what it recorded is sent', async () => {
    const bench = await aSchedulerBench({ nodes: fourAtOnce });
    await bench.advance();
    await bench.sent();
    await bench.service.pause('execution-1');
    await bench.service.resume('execution-1');
    await bench.settle('a');
    const batch = bench.takeRecords();
    await bench.handle(batch);
    const { state, revision, batches } = (await bench.state()) ?? never();
    const sends = Object.values(batches)[0]?.sends ?? '';
    const stream = { sequence: batch.at(-1)?.sequence ?? '', sends };
    await bench.store.executions.saveState(bench.executionId, revision, { state, batches: { stream }, savedAtMs: 1 });
    await bench.sent();

    await bench.handle(batch.slice(0, 1), bench.newScheduler());

    expect(await bench.state()).toMatchObject({ state: { paused: false }, revision: revision + 1 });
    expect(await bench.sent()).toEqual(['node c']);
  });
});

function never(): never {
  throw new Error('There is one');
}

describe('a batch that was decided on by a scheduler that died', () => {
  it.each([
    ['whole', 0, 2],
    ['its first half alone', 0, 1],
    ['its second half alone', 1, 2],
  ])('is sent by whoever hears it again, %s', async (_which, from, to) => {
    const nodes = { a: aTask(), b: aTask(), c: aTask({ dependsOn: ['a'] }), d: aTask({ dependsOn: ['b'] }) };
    const bench = await aSchedulerBench({ nodes });
    await bench.advance();
    await bench.sent();
    await bench.settle('a');
    await bench.settle('b');
    const batch = bench.takeRecords();
    bench.outage.isOn = true;
    await bench.handle(batch, bench.newScheduler());
    bench.outage.isOn = false;

    await bench.handle(batch.slice(from, to), bench.newScheduler());

    expect(await bench.sent()).toEqual(['node c', 'node d']);
  });
});
