import { describe, expect, it } from 'vitest';
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
        node: NodeId.parse('a'),
        visit: 1,
        run: 1,
      }),
    ).toBeDefined();
  });
});
