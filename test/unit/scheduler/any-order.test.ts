import { describe, expect, it } from 'vitest';
import { encodeWork } from '../../../shared/core/work-list.ts';
import { NODE_ABORTED } from '../../../shared/model/result.ts';
import { aMap, aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

const aCleanup = { a: aTask(), cleanup: aTask({ dependsOn: ['a'], triggerRule: 'all_done' }) };
type Bench = Awaited<ReturnType<typeof aSchedulerBench>>;

/** A runner reads the stop and gives up, and its result is heard before the stop is. */
async function heardBackwards(bench: Bench): Promise<void> {
  await bench.service.cancel('execution-1');
  await bench.settle('a', 'FAILED', { code: NODE_ABORTED });
  const [stop = [], result = []] = Object.values(Object.groupBy(bench.takeRecords(), ({ key }) => key.sk));
  await bench.handle(result);
  await bench.handle(stop);
}

describe('a result that a stop cut off, heard before the stop', () => {
  it.each([{ scheduler: 'the same' }, { scheduler: 'a new' }])(
    'is not what its cleanup absorbs: $scheduler scheduler',
    async ({ scheduler }) => {
      const bench = await aSchedulerBench({ nodes: aCleanup });
      await (scheduler === 'the same' ? bench.advance() : bench.handle(bench.takeRecords(), bench.newScheduler()));
      await bench.sent();

      await heardBackwards(bench);
      await bench.advance();

      expect(await bench.sent()).not.toContain('node cleanup');
      expect(await bench.meta()).toMatchObject({ status: 'CANCELLED' });
    },
  );

  it('is run again by a redrive', async () => {
    const bench = await aSchedulerBench({ nodes: aCleanup });
    await bench.advance();
    await heardBackwards(bench);
    await bench.advance();
    await bench.sent();

    await bench.service.redrive('execution-1');
    await bench.advance();

    expect(await bench.sent()).toEqual(['node a']);
  });

  it.each([{ way: 'a repair, the records being lost' }, { way: 'the stop, which has all results read' }])(
    'is run again by a redrive though what it feeds has run, told by $way',
    async ({ way }) => {
      const nodes = {
        quick: aTask(),
        slow: aTask(),
        either: aTask({ dependsOn: ['quick', 'slow'], triggerRule: 'any_success' }),
      };
      const bench = await aSchedulerBench({ nodes, startDies: way.startsWith('the stop') });
      await bench.advance();
      for (const node of ['quick', 'either']) {
        await bench.settle(node);
        await bench.advance();
      }
      await bench.service.cancel('execution-1');
      const stop = bench.takeRecords();
      await bench.settle('slow', 'FAILED', { code: NODE_ABORTED });
      bench.takeRecords();
      await (way.startsWith('the stop') ? bench.handle(stop) : bench.reconciler.reconcile(bench.executionId));
      await bench.advance();
      await bench.sent();

      await bench.service.redrive('execution-1');
      await bench.advance();

      expect(await bench.sent()).toEqual(['node slow']);
    },
  );

  it('is a chunk, and then its map is not put together', async () => {
    const bench = await aSchedulerBench({ nodes: { m: aMap() } });
    await bench.advance();
    await bench.planMap('m', 1);
    await bench.advance();
    await bench.sent();

    await bench.service.cancel('execution-1');
    const stop = bench.takeRecords();
    await bench.settleChunk('m', 0, 1);
    await bench.advance();
    await bench.handle(stop);
    await bench.advance();

    expect(await bench.sent()).toEqual([]);
    expect(await bench.meta()).toMatchObject({ status: 'CANCELLED' });
  });

  it('is of the run that stops, though its redrive was not heard of either', async () => {
    const bench = await aSchedulerBench({ nodes: aCleanup });
    await bench.advance();
    await bench.settle('a', 'FAILED');
    await bench.settle('cleanup', 'FAILED');
    await bench.advance();
    await bench.sent();
    await bench.service.redrive('execution-1');
    const redriven = bench.takeRecords();

    await bench.service.cancel('execution-1');
    await bench.handle(redriven);

    expect((await bench.state())?.state).toMatchObject({ run: 2, stop: 'CANCELLED' });
  });
});

describe('work that is refused while its execution runs', () => {
  it('is sent again by a repair, if the record that gives it back is lost', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.advance();
    await bench.sent();
    const meta = await bench.meta();
    if (meta === undefined) throw new Error('Unreachable: it was started');
    await bench.store.executions.refuse(meta, encodeWork([{ kind: 'node', node: 0, visit: 1 }]));
    bench.takeRecords();

    const isLost = await bench.reconciler.reconcile(bench.executionId);

    expect([isLost, await bench.sent()]).toEqual([true, ['node a']]);
  });

  it('is not sent again by each repair, if the scheduler has sent it itself behind a pause point', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.service.pause('execution-1', { before: 'a' });
    await bench.advance();
    await bench.service.resume('execution-1');
    await bench.advance();
    expect(await bench.sent()).toEqual(['node a']);
    const meta = await bench.meta();
    if (meta === undefined) throw new Error('Unreachable: it was started');
    await bench.store.executions.refuse(meta, encodeWork([{ kind: 'node', node: 0, visit: 1 }]));
    bench.takeRecords();

    const isLost = await bench.reconciler.reconcile(bench.executionId);

    expect([isLost, await bench.sent()]).toEqual([false, []]);
  });
});

describe('a stop of the run before, heard late', () => {
  it('does not stop the run that a repair knows of already', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.advance();
    await bench.service.cancel('execution-1');
    const stop = bench.takeRecords();
    await bench.settle('a', 'FAILED', { code: NODE_ABORTED });
    await bench.handle(bench.takeRecords());
    await bench.service.redrive('execution-1');
    const redriven = bench.takeRecords();
    await bench.reconciler.reconcile(bench.executionId, { resend: 'all' });

    await bench.handle([...stop, ...redriven], bench.newScheduler());

    const state = (await bench.state())?.state;
    expect({ run: state?.run, stop: state?.stop, status: (await bench.meta())?.status }).toEqual({
      run: 2,
      stop: undefined,
      status: 'RUNNING',
    });
  });
});
