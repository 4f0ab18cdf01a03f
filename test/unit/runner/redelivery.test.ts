import { describe, expect, it } from 'vitest';
import { NodeId } from '../../../shared/model/ids.ts';
import { aTask } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

describe('in a redriven execution', () => {
  const aRedriven = async (execute: () => unknown, nodes = { a: aTask({ handler: 'h' }) }, definition = {}) => {
    const bench = await aRunnerBench({ nodes, handlers: { h: execute }, definition });
    await bench.run(bench.aMessage('a'));
    await bench.store.executions.finish(await bench.meta(), { status: 'FAILED', endedAtMs: bench.clock.nowMs() });
    await bench.service.redrive('execution-1');
    return bench;
  };

  it('a message that comes again runs what failed in the run before', async () => {
    let isMended = false;
    const bench = await aRedriven(() => {
      if (!isMended) throw anError('Broken');
      return 'mended';
    });
    isMended = true;

    await bench.run(bench.aMessage('a', { run: 2 }), { receiveCount: 2 });

    const result = await bench.store.results.loadResult({
      executionId: bench.executionId,
      run: 2,
      node: NodeId.parse('a'),
      visit: 1,
    });
    expect(result).toMatchObject({ run: 2, status: 'SUCCEEDED' });
  });

  it('a visit does not see what the run before left of itself', async () => {
    const bench = await aRedriven(
      () => {
        throw anError('Broken');
      },
      { a: aTask({ handler: 'h', input: { before: '{% $errors.a.name ? $errors.a.name : "none" %}' } }) },
      { strategy: 'conditional' },
    );
    const seen: unknown[] = [];
    const again = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', input: '{% $errors.a ? "itself" : "nothing" %}' }) },
      handlers: { h: (input) => seen.push(input) },
      definition: { strategy: 'conditional' },
    });
    await again.run(again.aMessage('a'));

    await bench.run(bench.aMessage('a', { run: 2 }));
    await again.run(again.aMessage('a'));

    expect(seen).toEqual(['nothing', 'nothing']);
  });
});
