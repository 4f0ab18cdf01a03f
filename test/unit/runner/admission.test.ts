import { describe, expect, it } from 'vitest';
import { decodeWork } from '../../../shared/core/work-list.ts';
import { aMap, aTask } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';

const aCounting = async (overrides = {}) => {
  let calls = 0;
  const bench = await aRunnerBench({
    nodes: { a: aTask({ handler: 'h', ...overrides }) },
    handlers: { h: () => ++calls },
  });
  return { bench, calls: () => calls };
};

describe('a message', () => {
  it('that comes again finds the result and runs nothing', async () => {
    const { bench, calls } = await aCounting();
    await bench.run(bench.aMessage('a'));

    await bench.run(bench.aMessage('a'), { receiveCount: 2 });

    expect(calls()).toBe(1);
  });

  it('sent twice may run twice, and the first result stands', async () => {
    const { bench, calls } = await aCounting();
    await bench.run(bench.aMessage('a'));
    const first = await bench.resultOf('a');

    await bench.run(bench.aMessage('a'));

    expect(calls()).toBe(2);
    expect(await bench.resultOf('a')).toEqual(first);
  });

  it('of an execution that ended is dropped', async () => {
    const { bench, calls } = await aCounting();
    await bench.store.executions.finish(await bench.meta(), { status: 'CANCELLED', endedAtMs: 1 });

    await bench.run(bench.aMessage('a'));

    expect(calls()).toBe(0);
  });

  it('of an execution that never was is dropped', async () => {
    const { bench, calls } = await aCounting();

    await bench.run(bench.aMessage('a', { executionId: 'another' }));

    expect(calls()).toBe(0);
  });

  it.each([2, 3])('of run %i is dropped in run 1', async (run) => {
    const { bench, calls } = await aCounting();

    await bench.run(bench.aMessage('a', { run }));

    expect(calls()).toBe(0);
  });

  it('of an execution that stops starts nothing', async () => {
    const { bench, calls } = await aCounting();
    await bench.service.cancel('execution-1');

    await bench.run(bench.aMessage('a'));

    expect(calls()).toBe(0);
    expect(await bench.sent(0)).toEqual([]);
  });

  it('that comes while paused is parked, once', async () => {
    const { bench, calls } = await aCounting();
    await bench.service.pause('execution-1');
    const message = bench.aMessage('a', { attempt: 2 });

    await bench.run(message);
    await bench.run(message, { receiveCount: 2 });

    expect(calls()).toBe(0);
    expect([...((await bench.meta()).parked ?? [])].flatMap(decodeWork)).toEqual([{ kind: 'node', node: 0, visit: 1 }]);
  });

  it('that finds the pause over when it would be parked runs', async () => {
    const { bench, calls } = await aCounting();
    await bench.service.pause('execution-1');
    const { executions } = bench.store;
    const park = executions.park.bind(executions);
    executions.park = async (meta, message) => {
      await executions.resume(meta, 1);
      return park(meta, message);
    };

    await bench.run(bench.aMessage('a'));

    expect(calls()).toBe(1);
    expect((await bench.meta()).parked).toBeUndefined();
  });

  it('to settle marks that the time to settle is over, paused or not', async () => {
    const { bench } = await aCounting();
    await bench.service.pause('execution-1');
    await bench.service.cancel('execution-1');

    await bench.runner.run({ v: 1, kind: 'settle', executionId: bench.executionId, run: 1, queuedAtMs: 0 });

    expect(await bench.meta()).toMatchObject({ settleElapsed: true });
  });

  it('that names a node the definition does not have is refused', async () => {
    const { bench } = await aCounting();

    await expect(bench.run(bench.aMessage('b'))).rejects.toThrow("names the node 'b'");
  });

  it('that comes before its time is sent on', async () => {
    const { bench, calls } = await aCounting();
    const notBeforeMs = bench.clock.nowMs() + 1_000_000;

    await bench.run(bench.aMessage('a', { notBeforeMs }));
    const [next] = await bench.sent();

    expect(calls()).toBe(0);
    expect(next).toMatchObject({ notBeforeMs });
    expect(bench.clock.nowMs()).toBe(notBeforeMs - 100_000);
  });
});

describe('a message that was delivered too often', () => {
  it('fails its node with RunnerCrashed', async () => {
    const { bench } = await aCounting();

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toMatchObject({
      status: 'FAILED',
      error: { name: 'RunnerCrashed', message: expect.stringContaining('5 times') },
    });
  });

  it('leaves a result that stands', async () => {
    const { bench } = await aCounting();
    await bench.run(bench.aMessage('a'));

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('may be caught', async () => {
    const { bench } = await aCounting({ catch: [{ errors: ['RunnerCrashed'], output: 'caught' }] });

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toMatchObject({ status: 'SUCCEEDED', source: 'catch' });
  });

  it.each(['plan', 'collect'])('fails a map too, whether to %s', async (kind) => {
    const bench = await aRunnerBench({ nodes: { m: aMap() } });

    await bench.runner.giveUp(bench.aMessage('m', { kind }), 5);

    expect(await bench.resultOf('m')).toMatchObject({ status: 'FAILED', error: { code: 'RUNNER_CRASHED' } });
  });

  it('leaves a map whose plan stands to its chunks', async () => {
    const bench = await aRunnerBench({ nodes: { m: aMap() }, input: [1, 2] });
    await bench.run(bench.aMessage('m', { kind: 'plan' }));

    await bench.runner.giveUp(bench.aMessage('m', { kind: 'plan' }), 5);

    expect(await bench.resultOf('m')).toBeUndefined();
  });

  it('of a paused execution is parked, to be tried again at the resume', async () => {
    const { bench } = await aCounting();
    await bench.service.pause('execution-1');

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toBeUndefined();
    expect((await bench.meta()).parked?.size).toBe(1);
  });

  it('of an execution that ended changes nothing', async () => {
    const { bench } = await aCounting();
    await bench.store.executions.finish(await bench.meta(), { status: 'CANCELLED', endedAtMs: 1 });

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toBeUndefined();
  });
});
