import { describe, expect, it } from 'vitest';
import { aMap, aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

const aChain = () => aSchedulerBench({ nodes: { a: aTask(), b: aTask({ dependsOn: ['a'] }) } });

describe('the scheduler', () => {
  it('starts what can start when an execution begins, and goes on with each result', async () => {
    const bench = await aChain();

    await bench.advance();
    const first = await bench.sent();
    await bench.settle('a');
    await bench.advance();
    const second = await bench.sent();
    await bench.settle('b');
    await bench.advance();

    expect([first, second]).toEqual([['node a'], ['node b']]);
    expect(await bench.meta()).toMatchObject({ status: 'SUCCEEDED', output: { inline: '"output of b"' } });
  });

  it('sends again what a batch that is delivered again decided, and decides nothing anew', async () => {
    const bench = await aChain();
    const records = bench.takeRecords();
    await bench.handle(records);
    const state = await bench.state();

    await bench.handle(records);

    expect(await bench.sent()).toEqual(['node a', 'node a']);
    expect(await bench.state()).toEqual(state);
  });

  it('makes good what was saved and not sent', async () => {
    const bench = await aChain();
    const records = bench.takeRecords();
    bench.outage.isOn = true;
    const { failed } = await bench.handle(records);
    bench.outage.isOn = false;

    await bench.handle(records, bench.newScheduler());

    expect(failed.length).toBe(1);
    expect(await bench.sent()).toEqual(['node a']);
  });

  it('makes it good together with what came since, but for what has settled meanwhile', async () => {
    const bench = await aSchedulerBench({
      nodes: { a: aTask(), b: aTask(), c: aTask({ dependsOn: ['a'] }) },
      config: { maxParallelNodes: 2 },
    });
    const records = bench.takeRecords();
    bench.outage.isOn = true;
    await bench.handle(records);
    bench.outage.isOn = false;
    await bench.settle('a');

    await bench.handle([...records, ...bench.takeRecords()]);

    expect((await bench.sent()).sort()).toEqual(['node b', 'node c']);
  });

  it('decides once where two decide at the same time', async () => {
    const bench = await aSchedulerBench({
      nodes: { a: aTask(), b: aTask(), c: aTask() },
      config: { maxParallelNodes: 1 },
    });
    const records = bench.takeRecords();

    await Promise.all([
      bench.handle(records),
      bench.handle(records, bench.newScheduler()),
      bench.handle(records, bench.newScheduler()),
    ]);

    expect(new Set(await bench.sent())).toEqual(new Set(['node a']));
    expect((await bench.state())?.revision).toBe(1);
  });

  it('says of which execution a record could not be handled, and handles the others', async () => {
    const bench = await aChain();
    const [record] = bench.takeRecords();
    if (record === undefined) throw new Error('There is one');
    const stranger = {
      ...record,
      key: { ...record.key, pk: 'EXEC#other' },
      after: { ...record.after, pk: 'EXEC#other', sk: 'META' },
    };

    const { failed } = await bench.handle([stranger, record]);

    expect(failed).toEqual([]);
    expect(await bench.sent()).toEqual(['node a']);
  });

  it('hears nothing of an execution that ended', async () => {
    const bench = await aChain();
    await bench.advance();
    await bench.store.executions.finish(await bench.meta().then((meta) => meta ?? never()), {
      status: 'CANCELLED',
      endedAtMs: 1,
    });
    const state = await bench.state();

    await bench.settle('a');
    await bench.advance();

    expect(await bench.state()).toEqual(state);
    expect(await bench.meta()).toMatchObject({ status: 'CANCELLED', endedAtMs: 1 });
  });

  it('fails the execution with the error of the node that ended it', async () => {
    const bench = await aChain();
    await bench.advance();

    await bench.settle('a', 'FAILED');
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'FAILED', failedNode: 'a', error: { name: 'aFailed' } });
  });

  it('gives running nodes ten seconds when one fails', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask(), c: aTask({ dependsOn: ['b'] }) } });
    await bench.advance();
    await bench.sent();

    await bench.settle('a', 'FAILED');
    await bench.advance();
    const atOnce = await bench.sent();
    await bench.clock.pass(10_000);
    const later = await bench.sent();

    expect(await bench.meta()).toMatchObject({ status: 'RUNNING', stop: { reason: 'FAILED' } });
    expect([atOnce, later]).toEqual([[], ['settle']]);
  });

  it('starts nothing more when one failed, although another succeeds meanwhile', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask(), c: aTask({ dependsOn: ['b'] }) } });
    await bench.advance();
    await bench.sent();
    await bench.settle('a', 'FAILED');
    await bench.advance();

    await bench.settle('b');
    await bench.advance();

    expect(await bench.sent()).toEqual([]);
    expect(await bench.meta()).toMatchObject({ status: 'FAILED', failedNode: 'a' });
  });

  it('carries a map through its plan, its chunks and its collection', async () => {
    const bench = await aSchedulerBench({ nodes: { m: aMap() }, config: { maxParallelNodes: 2 } });
    await bench.advance();
    const plan = await bench.sent();
    await bench.planMap('m', 3);
    await bench.advance();
    const first = await bench.sent();
    await bench.settleChunk('m', 1);
    await bench.advance();
    const second = await bench.sent();
    await bench.settleChunk('m', 0);
    await bench.settleChunk('m', 2);
    await bench.advance();

    expect([plan, first, second, await bench.sent()]).toEqual([
      ['plan m'],
      ['chunk m 0', 'chunk m 1'],
      ['chunk m 2'],
      ['collect m'],
    ]);
  });
});

describe('resume', () => {
  it('sends what was parked, and what came to be startable meanwhile', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask(), c: aTask({ dependsOn: ['b'] }) } });
    await bench.advance();
    await bench.sent();
    await bench.service.pause('execution-1');
    await bench.store.executions.park((await bench.meta()) ?? never(), 'n:1:0');
    await bench.settle('b');
    await bench.advance();
    const whilePaused = await bench.sent();

    await bench.service.resume('execution-1');
    await bench.advance();

    expect(whilePaused).toEqual([]);
    expect((await bench.sent()).sort()).toEqual(['node a', 'node c']);
  });

  it('whose record was lost is made good by a repair', async () => {
    const bench = await aChain();
    await bench.advance();
    await bench.sent();
    await bench.service.pause('execution-1');
    await bench.store.executions.park((await bench.meta()) ?? never(), 'n:1:0');
    await bench.advance();
    await bench.service.resume('execution-1');
    bench.takeRecords();

    await bench.reconciler.reconcile(bench.executionId);

    expect(await bench.sent()).toEqual(['node a']);
    expect((await bench.state())?.state.paused).toBe(false);
  });
});

function never(): never {
  throw new Error('There is one');
}
