import { describe, expect, it } from 'vitest';
import { NodeId } from '../../../shared/model/ids.ts';
import { aTask } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

describe('in a redriven execution', () => {
  const aRedriven = async (execute: (input: never) => unknown, overrides = {}, definition = {}) => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', ...overrides }) },
      handlers: { h: execute },
      definition,
    });
    await bench.run(bench.aMessage('a'));
    await bench.store.executions.finish(await bench.meta(), { status: 'FAILED', endedAtMs: bench.clock.nowMs() });
    await bench.service.redrive('execution-1');
    return bench;
  };

  it('a message that comes again runs what failed in the run before', async () => {
    let isMended = false;
    const bench = await aRedriven(() => {
      if (!isMended) throw anError('Broken');
    });
    isMended = true;

    await bench.run(bench.aMessage('a', { run: 2 }), { receiveCount: 2 });

    const key = { executionId: bench.executionId, run: 2, node: NodeId.parse('a'), visit: 1 };
    expect(await bench.store.results.loadResult(key)).toMatchObject({ run: 2, status: 'SUCCEEDED' });
  });

  it('a visit sees nothing of what the run before left of itself', async () => {
    const seen: unknown[] = [];
    const fail = (input: unknown) => {
      seen.push(input);
      throw anError('Broken');
    };
    const input = '{% $errors.a ? "its own error" : "nothing" %}';
    const bench = await aRedriven(fail, { input }, { strategy: 'conditional' });

    await bench.run(bench.aMessage('a', { run: 2 }));

    expect(seen).toEqual(['nothing', 'nothing']);
  });
});
