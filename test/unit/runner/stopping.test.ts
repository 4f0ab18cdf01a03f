import { describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

const aCounting = async () => ({
  bench: await aRunnerBench({ nodes: { a: aTask({ handler: 'h' }) }, handlers: { h: () => 1 } }),
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
    const first = bench.run(bench.aMessage('a'));
    bench.clock.after(1_999, () => void bench.runner.run(bench.aMessage('a', { visit: 2 })));
    bench.clock.after(100_000, () => void bench.service.cancel('execution-1'));

    await first;
    await bench.clock.pass(60_000);

    expect(bench.clock.pendingTimers).toBe(0);
  });
});
