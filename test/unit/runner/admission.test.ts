import { describe, expect, it } from 'vitest';
import { aMap, aTask, aTransform } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

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

  it('that comes while paused is parked whole, once', async () => {
    const { bench, calls } = await aCounting();
    await bench.service.pause('execution-1');
    const message = bench.aMessage('a', { attempt: 2 });

    await bench.run(message);
    await bench.run(message, { receiveCount: 2 });

    expect(calls()).toBe(0);
    expect([...((await bench.meta()).parked ?? [])].map((text) => JSON.parse(text))).toEqual([message]);
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

  it('of an execution that ended changes nothing', async () => {
    const { bench } = await aCounting();
    await bench.store.executions.finish(await bench.meta(), { status: 'CANCELLED', endedAtMs: 1 });

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toBeUndefined();
  });
});

describe('a running handler', () => {
  const aWaiting = async (config = {}) => {
    const seen: { signal?: AbortSignal; atMs?: number } = {};
    const bench = await aRunnerBench({
      nodes: {
        a: aTask({
          handler: 'h',
          timeoutSeconds: 600,
          retry: { maxRetries: 3 },
          fallback: { handler: 'f' },
          catch: [{ errors: ['*'] }],
        }),
      },
      handlers: {
        h: (_input, { signal }) =>
          new Promise((_resolve, reject) => {
            seen.signal = signal;
            signal.addEventListener('abort', () => {
              seen.atMs = bench.clock.nowMs();
              reject(anError('Interrupted'));
            });
          }),
        f: () => 'not now',
      },
      config,
    });
    return { bench, seen };
  };

  it('sees its signal abort within 5 seconds of a cancel, and is not retried, replaced or caught', async () => {
    const { bench, seen } = await aWaiting();
    bench.clock.after(60_000, () => void bench.service.cancel('execution-1'));
    const startedAtMs = bench.clock.nowMs();

    const result = await bench.runNode('a');

    expect((seen.atMs ?? 0) - startedAtMs).toBeLessThanOrEqual(65_000);
    expect(result).toMatchObject({ status: 'FAILED', error: { name: 'NodeAborted', cause: { name: 'Interrupted' } } });
  });

  it('sees its signal abort at the deadline, which also stops the execution', async () => {
    const { bench, seen } = await aWaiting({ timeoutSeconds: 30 });
    const startedAtMs = bench.clock.nowMs();

    await bench.runNode('a');

    expect((seen.atMs ?? 0) - startedAtMs).toBe(30_000);
    expect(await bench.meta()).toMatchObject({ stop: { reason: 'TIMED_OUT' } });
  });

  it('that goes on in spite of its signal is left behind after 10 seconds', async () => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', timeoutSeconds: 600 }) },
      handlers: { h: () => new Promise(() => undefined) },
      config: { timeoutSeconds: 30 },
    });
    const startedAtMs = bench.clock.nowMs();

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'FAILED', error: { name: 'NodeAborted' } });
    expect(bench.clock.nowMs() - startedAtMs).toBe(40_000);
  });

  it('that succeeds although it was told to stop has succeeded', async () => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', timeoutSeconds: 600 }) },
      handlers: {
        h: (_input, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('done'))),
      },
      config: { timeoutSeconds: 30 },
    });

    expect(await bench.runNode('a')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('leaves no timer behind', async () => {
    const { bench } = await aCounting();

    await bench.run(bench.aMessage('a'));

    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind where another begins while flags are read', async () => {
    const { bench } = await aWaiting();
    const { executions } = bench.store;
    const loadMeta = executions.loadMeta.bind(executions);
    const first = bench.run(bench.aMessage('a'));
    bench.clock.after(1_999, () => void bench.runner.run(bench.aMessage('a', { visit: 2 })));
    executions.loadMeta = async (id) => loadMeta(id);
    bench.clock.after(100_000, () => void bench.service.cancel('execution-1'));

    await first;
    await bench.clock.pass(60_000);

    expect(bench.clock.pendingTimers).toBe(0);
  });
});

describe('a node without a handler', () => {
  it('that is a transform gives its mapping’s value', async () => {
    const bench = await aRunnerBench({
      nodes: { t: aTransform({ output: { double: '{% n * 2 %}', as: 'is' } }) },
      input: { n: 4 },
    });

    const result = await bench.runNode('t');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'engine' });
    expect(await bench.outputOf(result)).toEqual({ double: 8, as: 'is' });
  });

  it('that is a transform of what is not there fails', async () => {
    const bench = await aRunnerBench({ nodes: { t: aTransform({ output: '{% missing %}' }) }, input: {} });

    expect(await bench.runNode('t')).toMatchObject({ status: 'FAILED', error: { code: 'EXPRESSION_UNDEFINED' } });
  });

  it('that is a choice passes its input on', async () => {
    const bench = await aRunnerBench({
      nodes: { c: { type: 'choice', choices: [{ when: '{% $output.n > 3 %}', next: 'd' }], next: '$end' }, d: aTask() },
      input: { n: 4 },
      definition: { strategy: 'conditional' },
    });

    const result = await bench.runNode('c');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'engine', next: 'd' });
    expect(await bench.outputOf(result)).toEqual({ n: 4 });
  });
});

describe('runIf', () => {
  it.each([
    ['{% true %}', 'SUCCEEDED'],
    ['{% false %}', 'SKIPPED'],
    ['{% missing %}', 'SKIPPED'],
    ['{% "" %}', 'SKIPPED'],
    ['{% [0, 0] %}', 'SKIPPED'],
    ['{% [0, 1] %}', 'SUCCEEDED'],
    ['{% {} %}', 'SKIPPED'],
    ['{% n = 4 %}', 'SUCCEEDED'],
    ['{% $globals.on %}', 'SUCCEEDED'],
    ['{% 1 + "a" %}', 'FAILED'],
  ])('%s: %s', async (runIf, status) => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', runIf }) },
      handlers: { h: () => 1 },
      input: { n: 4 },
      globals: { on: true },
    });

    expect((await bench.runNode('a'))?.status).toBe(status);
  });
});
