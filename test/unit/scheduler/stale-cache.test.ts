import { describe, expect, it } from 'vitest';
import { NodeId } from '../../../shared/model/ids.ts';
import { aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

/** Two function instances, each with a cache: what one decided the other does not know. */
const aPair = async () => {
  const bench = await aSchedulerBench({ nodes: { a: aTask(), b: aTask({ dependsOn: ['a'] }) } });
  return { bench, other: bench.newScheduler() };
};
type Bench = Awaited<ReturnType<typeof aSchedulerBench>>;

const metaOf = async (bench: Bench) => {
  const meta = await bench.meta();
  if (meta === undefined) throw new Error('There is one');
  return meta;
};
/** The sweep puts its next look off: a record that tells the core nothing. */
const postpone = async (bench: Bench) =>
  bench.store.executions.postpone(await metaOf(bench), bench.clock.nowMs() + 60_000);

describe('a scheduler whose cache is past', () => {
  it('does not pause again what was resumed', async () => {
    const { bench, other } = await aPair();
    await bench.advance();
    await bench.service.pause('execution-1', { before: 'b' });
    await bench.settle('a');
    await bench.advance();
    await bench.service.resume('execution-1');
    await bench.handle(bench.takeRecords(), other);

    await postpone(bench);
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'RUNNING' });
    expect(await bench.sent()).toEqual(['node a', 'node b']);
  });

  it('does not stop the next run for what stopped the last', async () => {
    const { bench, other } = await aPair();
    await bench.advance();
    await bench.service.cancel('execution-1');
    await bench.advance();
    await bench.store.executions.markSettleElapsed(await metaOf(bench));
    await bench.handle(bench.takeRecords(), other);
    await bench.service.redrive('execution-1');
    await bench.handle(bench.takeRecords(), other);

    await postpone(bench);
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'RUNNING', run: 2 });
    expect((await bench.meta())?.stop).toBeUndefined();
  });

  it('hears the results of the next run', async () => {
    const { bench, other } = await aPair();
    await bench.advance();
    await bench.service.cancel('execution-1');
    await bench.advance();
    await bench.store.executions.markSettleElapsed(await metaOf(bench));
    await bench.handle(bench.takeRecords(), other);
    await bench.service.redrive('execution-1');
    await bench.handle(bench.takeRecords(), other);
    await bench.sent();

    await bench.settle('a', 'SUCCEEDED', { run: 2 });
    await bench.advance();

    expect(await bench.sent()).toEqual(['node b']);
  });

  it('takes no late result of the last run for one of the next', async () => {
    const { bench } = await aPair();
    await bench.advance();
    await bench.store.executions.finish(await metaOf(bench), { status: 'CANCELLED', endedAtMs: 1 });
    await bench.service.redrive('execution-1');
    await bench.advance();
    await bench.sent();

    await bench.settle('a', 'SUCCEEDED', { run: 1 });
    await bench.advance();

    expect(await bench.sent()).toEqual([]);
    expect(await bench.meta()).toMatchObject({ status: 'RUNNING', run: 2 });
  });

  it('does not end the next run as the last one ended, before it has heard of it', async () => {
    const { bench } = await aPair();
    await bench.advance();
    await bench.service.cancel('execution-1');
    await bench.advance();
    await bench.store.executions.markSettleElapsed(await metaOf(bench));
    await bench.advance();
    await bench.settle('a', 'SUCCEEDED', { run: 1 });
    await bench.service.redrive('execution-1');
    const [late, ...redriven] = bench.takeRecords();

    await bench.handle(late === undefined ? [] : [late]);
    const { status } = await metaOf(bench);
    await bench.handle(redriven);

    expect(status).toBe('RUNNING');
    expect((await bench.state())?.state).toMatchObject({ run: 2, inFlight: 1 });
  });

  it('sends nothing of the last run into the next', async () => {
    const { bench } = await aPair();
    const start = bench.takeRecords();
    await bench.handle(start);
    await bench.store.executions.finish(await metaOf(bench), { status: 'CANCELLED', endedAtMs: 1 });
    await bench.service.redrive('execution-1');
    bench.takeRecords();
    await bench.sent();

    await bench.handle(start, bench.newScheduler());

    expect(await bench.sent()).toEqual([]);
  });
});

describe('work that is sent again', () => {
  it('goes on with its next attempt, at its time', async () => {
    const { bench } = await aPair();
    await bench.advance();
    const [first] = await bench.sentMessages();
    const nextAttemptAtMs = bench.clock.nowMs() + 5_000;
    const next = { ...first, attempt: 2 };
    await bench.store.results.putAttempt({
      executionId: bench.executionId,
      resultShards: undefined,
      node: NodeId.parse('a'),
      visit: 1,
      run: 1,
      attempt: 1,
      error: { name: 'Flaky', message: '' },
      startedAtMs: 0,
      endedAtMs: 0,
      nextAttemptAtMs,
      message: JSON.stringify(next),
    });

    await bench.reconciler.reconcile(bench.executionId, { resend: 'all' });
    const atOnce = await bench.sent();
    await bench.clock.pass(5_000);

    expect([atOnce, await bench.sent()]).toEqual([[], ['node a @2']]);
  });
});
