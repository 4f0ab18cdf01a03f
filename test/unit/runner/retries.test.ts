import { describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

const failing = (times: number, name = 'Flaky', fields = {}) => {
  const attempts: number[] = [];
  const execute = (_input: unknown, { attempt }: { attempt: number }) => {
    attempts.push(attempt);
    if (attempts.length <= times) throw anError(name, fields);
    return attempts.length;
  };
  return { attempts, execute };
};
const aBench = (execute: () => unknown, overrides: object, extra = {}) =>
  aRunnerBench({ nodes: { a: aTask({ handler: 'h', ...overrides }) }, handlers: { h: execute }, ...extra });

describe('a retry', () => {
  it('comes as a message, after its delay, and the result tells of every attempt', async () => {
    const { attempts, execute } = failing(2);
    const bench = await aBench(execute as never, { retry: { maxRetries: 3, intervalSeconds: 10, backoffRate: 3 } });
    const startedAtMs = bench.clock.nowMs();

    await bench.runToTheEnd(bench.aMessage('a'));
    const result = await bench.resultOf('a');

    expect(attempts).toEqual([1, 2, 3]);
    expect(
      result?.attempts.map((attempt) => [attempt.attempt, attempt.startedAtMs - startedAtMs, attempt.error?.name]),
    ).toEqual([
      [1, 0, 'Flaky'],
      [2, 10_000, 'Flaky'],
      [3, 40_000, undefined],
    ]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', queuedAtMs: startedAtMs, startedAtMs: startedAtMs + 40_000 });
  });

  it('writes no result before the last', async () => {
    const bench = await aBench(failing(1).execute as never, { retry: { maxRetries: 1 } });

    expect(await bench.runNode('a')).toBeUndefined();
  });

  it('after over 15 minutes goes round the queue, and runs once', async () => {
    const { attempts, execute } = failing(1);
    const bench = await aBench(
      execute as never,
      { retry: { maxRetries: 1, intervalSeconds: 3_600 } },
      { config: { timeoutSeconds: 86_400 } },
    );
    const startedAtMs = bench.clock.nowMs();

    const messages = await bench.runToTheEnd(bench.aMessage('a'));

    expect(messages).toBe(5);
    expect(attempts).toEqual([1, 2]);
    expect((await bench.resultOf('a'))?.startedAtMs).toBe(startedAtMs + 3_600_000);
  });

  it('with full jitter waits a random part of its delay', async () => {
    const bench = await aBench(
      failing(1).execute as never,
      { retry: { maxRetries: 1, intervalSeconds: 100, jitterStrategy: 'FULL' } },
      { random: () => 0.25 },
    );
    const startedAtMs = bench.clock.nowMs();

    await bench.runToTheEnd(bench.aMessage('a'));

    expect((await bench.resultOf('a'))?.startedAtMs).toBe(startedAtMs + 25_000);
  });
});

describe('a fallback', () => {
  const withFallback = (primary: (input: never) => unknown, fallback: (input: never) => unknown, overrides = {}) =>
    aRunnerBench({
      nodes: { a: aTask({ handler: 'h', fallback: { handler: 'f' }, input: { n: [1] }, ...overrides }) },
      handlers: { h: primary, f: fallback },
    });

  it('that fails too leaves both errors', async () => {
    const bench = await withFallback(
      () => {
        throw anError('First');
      },
      () => {
        throw anError('Second');
      },
    );

    expect(await bench.runNode('a')).toMatchObject({
      status: 'FAILED',
      error: { name: 'First' },
      fallbackError: { name: 'Second' },
    });
  });

  it('runs for an input the handler does not accept', async () => {
    const bench = await withFallback(
      () => 1n,
      () => 'instead',
    );

    expect(await bench.outputOf(await bench.runNode('a'))).toBe('instead');
  });
});
