import { describe, expect, it } from 'vitest';
import { redrive } from '../../../shared/core/decide.ts';
import { initialState } from '../../../shared/core/initial-state.ts';
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

    const key = { executionId: bench.executionId, resultShards: undefined, run: 2, node: NodeId.parse('a'), visit: 1 };
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

  it('a node sees no result that came after the end of the run before', async () => {
    const seen: unknown[] = [];
    const bench = await aRunnerBench({
      nodes: {
        p: aTask({ handler: 'h' }),
        q: aTask({ handler: 'h' }),
        c: aTask({ handler: 'look', dependsOn: ['p', 'q'], triggerRule: 'any_success' }),
      },
      handlers: { h: () => 'done', look: (input: unknown) => seen.push(input) },
    });
    const { executions } = bench.store;
    const state = initialState(bench.plan, 10);
    await bench.run(bench.aMessage('p'));
    await executions.finish(await bench.meta(), { status: 'CANCELLED', endedAtMs: bench.clock.nowMs() });
    await bench.service.redrive('execution-1');
    await executions.saveState(bench.executionId, 0, {
      state: redrive(bench.plan, state, 2),
      batches: {},
      savedAtMs: bench.clock.nowMs(),
    });
    await bench.run(bench.aMessage('q', { run: 2 }));

    await bench.run(bench.aMessage('c', { run: 2 }));

    expect(seen).toEqual([{ p: null, q: 'done' }]);
  });
});
