import { describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

describe('what the scheduler was not told', () => {
  it('is not what came late in the run before', async () => {
    const nodes = {
      quick: aTask(),
      slow: aTask(),
      either: aTask({ dependsOn: ['quick', 'slow'], triggerRule: 'any_success' }),
    };
    const bench = await aSchedulerBench({ nodes, startDies: true });
    await bench.service.cancel('execution-1');
    await bench.advance();
    const meta = await bench.meta();
    if (meta === undefined) throw new Error('Unreachable: it was started');
    await bench.store.executions.markSettleElapsed(meta);
    await bench.advance();
    await bench.service.redrive('execution-1');
    await bench.settle('slow', 'FAILED');
    await bench.advance();
    await bench.settle('quick', 'SUCCEEDED', { run: 2 });
    await bench.advance();

    await bench.settle('either', 'SUCCEEDED', { run: 2 });
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'RUNNING', run: 2 });
    await bench.settle('slow', 'SUCCEEDED', { run: 2 });
    await bench.advance();
    expect(await bench.meta()).toMatchObject({ status: 'SUCCEEDED', run: 2 });
  });

  it('is read when a node ends that waited for it, without a look at all results', async () => {
    const nodes = { a: aTask(), b: aTask({ dependsOn: ['a'] }), c: aTask({ dependsOn: ['b'] }) };
    const bench = await aSchedulerBench({ nodes, startDies: true });
    await bench.settle('a');
    await bench.settle('b');
    bench.takeRecords();

    await bench.settle('c', 'FAILED');
    await bench.advance();

    expect(await bench.meta()).toMatchObject({ status: 'FAILED', failedNode: 'c' });
  });
});
