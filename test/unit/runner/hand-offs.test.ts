import { describe, expect, it } from 'vitest';
import { redrive } from '../../../shared/core/decide.ts';
import { initialState } from '../../../shared/core/initial-state.ts';
import { NodeId } from '../../../shared/model/ids.ts';
import type { NodeStatus } from '../../../shared/model/result.ts';
import { aTask } from '../../support/factories.ts';
import { aRunnerBench, type BenchOptions } from '../../support/factories-runner.ts';

const task = (...dependsOn: string[]) => aTask({ handler: 'h', ...(dependsOn.length > 0 && { dependsOn }) });

/** An eager execution, and which of its handlers ran. */
async function anEager(nodes: BenchOptions['nodes'], config?: BenchOptions['config']) {
  const ran: string[] = [];
  const bench = await aRunnerBench({
    nodes,
    handlers: { h: (_input, { nodeId }) => ran.push(nodeId) },
    advance: 'eager',
    ...(config && { config }),
  });
  const sent = async (pool?: string) =>
    (await bench.waiting(pool)).map((message) => (message.kind === 'settle' ? 'settle' : message.node));
  const settle = (node: string, status: NodeStatus) =>
    bench.store.results.putResult({
      executionId: bench.executionId,
      resultShards: undefined,
      node: NodeId.parse(node),
      visit: 1,
      run: 1,
      status,
      source: 'handler',
      queuedAtMs: 0,
      startedAtMs: 0,
      endedAtMs: 0,
      attempts: [],
      ...(status === 'FAILED' && { error: { name: 'Broken', message: 'as the test says' } }),
    });
  return { ...bench, ran, taken: sent, settle };
}

describe('who finishes a node starts what follows', () => {
  it('on the same message, and tells nobody', async () => {
    const bench = await anEager({ a: task(), b: task('a'), c: task('b') });

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a', 'b', 'c']);
    expect(await bench.taken()).toEqual([]);
    expect(await bench.resultOf('a')).not.toHaveProperty('advance');
  });

  it.each([
    { leftMs: 65_000, ran: ['a', 'b'], sent: [] },
    { leftMs: 64_999, ran: ['a'], sent: ['b'] },
  ])('on the same message only if its timeout fits in what is left: $leftMs ms', async ({ leftMs, ran, sent }) => {
    const bench = await anEager({ a: task(), b: { ...task('a'), timeoutSeconds: 60 } });

    await bench.run(bench.aMessage('a'), { receiveCount: 1, remainingMs: () => leftMs });

    expect(bench.ran).toEqual(ran);
    expect(await bench.taken()).toEqual(sent);
  });

  it('by the queue of its pool, if that is another', async () => {
    const bench = await anEager({ a: task(), b: { ...task('a'), pool: 'small' }, c: task('b') });

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a']);
    expect(await bench.taken('small')).toEqual(['b']);
    expect(await bench.taken()).toEqual([]);
  });

  it('one here and one by its queue, where the graph is as wide as the limit', async () => {
    const bench = await anEager({ a: task(), b: task('a'), c: task('a') }, { maxParallelNodes: 2 });

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a', 'b']);
    expect(await bench.taken()).toEqual(['c']);
    expect(await bench.resultOf('a')).not.toHaveProperty('advance');
  });

  it('one here, and the rest is for the scheduler, where the graph is wider than the limit', async () => {
    const bench = await anEager({ a: task(), b: task('a'), c: task('a') }, { maxParallelNodes: 1 });

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a', 'b']);
    expect(await bench.taken()).toEqual([]);
    expect(await bench.resultOf('a')).toMatchObject({ handedOff: '1', inlined: 1, advance: 1 });
  });

  it('and tells the scheduler, even of all there is to start, where the graph is wider than the limit', async () => {
    const bench = await anEager({ a: task(), b: task('a'), x: task() }, { maxParallelNodes: 1 });

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a', 'b']);
    expect(await bench.resultOf('a')).toMatchObject({ inlined: 1, advance: 1 });
  });

  it('not at all after a failure', async () => {
    const bench = await aRunnerBench({
      nodes: { a: task(), b: { ...task('a'), triggerRule: 'all_done' } },
      handlers: {
        h: () => {
          throw new Error('as the test says');
        },
      },
      advance: 'eager',
    });

    await bench.run(bench.aMessage('a'));

    expect(await bench.resultOf('a')).toMatchObject({ status: 'FAILED', advance: 1 });
    expect(await bench.resultOf('a')).not.toHaveProperty('handedOff');
    expect(await bench.waiting()).toEqual([]);
  });
});

describe('a join is started by who finishes last', () => {
  const nodes = { a: task(), b: task(), c: task('a', 'b') };

  it('once the others have succeeded', async () => {
    const bench = await anEager(nodes);

    await bench.run(bench.aMessage('b'));
    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['b', 'a', 'c']);
    expect(await bench.resultOf('b')).toMatchObject({ advance: 1 });
    expect(await bench.resultOf('b')).not.toHaveProperty('handedOff');
  });

  it.each<NodeStatus>(['FAILED', 'SKIPPED'])('and is left to the scheduler if another is %s', async (status) => {
    const bench = await anEager(nodes);
    await bench.settle('b', status);

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a']);
    expect(await bench.resultOf('a')).toMatchObject({ advance: 1 });
    expect(await bench.resultOf('a')).not.toHaveProperty('handedOff');
  });

  it('and is left to the scheduler if it does not wait for all to succeed', async () => {
    const bench = await anEager({ ...nodes, c: { ...task('a', 'b'), triggerRule: 'all_done' } });
    await bench.settle('b', 'SUCCEEDED');

    await bench.run(bench.aMessage('a'));

    expect(bench.ran).toEqual(['a']);
    expect(await bench.resultOf('a')).toMatchObject({ advance: 1 });
  });

  it('not on a result of the run before, which came when that had ended', async () => {
    const bench = await anEager(nodes);
    const { executions } = bench.store;
    await executions.finish(await bench.meta(), { status: 'CANCELLED', endedAtMs: bench.clock.nowMs() });
    await bench.settle('b', 'SUCCEEDED');
    await bench.service.redrive('execution-1');
    const state = redrive(bench.plan, initialState(bench.plan, 10), 2);
    await executions.saveState(bench.executionId, 0, { state, batches: {}, savedAtMs: bench.clock.nowMs() });

    await bench.run(bench.aMessage('a', { run: 2 }));
    const ranOfOne = [...bench.ran];
    await bench.run(bench.aMessage('b', { run: 2 }));

    expect(ranOfOne).toEqual(['a']);
    expect(bench.ran).toEqual(['a', 'b', 'c']);
  });
});
