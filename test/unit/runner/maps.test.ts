import { describe, expect, it } from 'vitest';
import { NodeId } from '../../../shared/model/ids.ts';
import { ChunkOutcome } from '../../../shared/model/items.ts';
import { aMap } from '../../support/factories.ts';
import { anError, aRunnerBench, type BenchOptions } from '../../support/factories-runner.ts';

type Call = (input: never, context: { itemIndex?: number; attempt: number }) => unknown;

const aMapBench = (items: unknown, overrides: object, execute: Call, extra: Partial<BenchOptions> = {}) =>
  aRunnerBench({
    nodes: { m: aMap({ handler: 'h', ...overrides }) },
    handlers: { h: execute as never },
    input: items as never,
    ...extra,
  });

const chunkOf = async (bench: Awaited<ReturnType<typeof aRunnerBench>>, chunk: number) => {
  const key = { executionId: bench.executionId, resultShards: undefined, run: 1, node: NodeId.parse('m'), visit: 1 };
  const item = await bench.store.results.loadChunk(key, chunk);
  return item === undefined
    ? undefined
    : { item, outcome: ChunkOutcome.parse(await bench.store.payloads.load(item.outcome)) };
};

describe('a map', () => {
  it('gives the outputs in the order of its items', async () => {
    const bench = await aMapBench([1, 2, 3, 4, 5], { chunkSize: 2 }, (n: number) => n * 10);

    expect(await bench.outputOf(await bench.runMap('m'))).toEqual([10, 20, 30, 40, 50]);
  });

  it('of no items gives none, without a chunk', async () => {
    const bench = await aMapBench([], {}, () => 1);

    const result = await bench.runMap('m');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'engine' });
    expect(await bench.outputOf(result)).toEqual([]);
  });

  it.each([
    ['{% $.list %}', { list: [1] }, [1]],
    ['{% $input.list[x > 1] %}', { list: [{ x: 1 }, { x: 2 }, { x: 3 }] }, [{ x: 2 }, { x: 3 }]],
    ['{% [$.one] %}', { one: 1 }, [1]],
  ])('takes its items from %s', async (items, input, outputs) => {
    const bench = await aMapBench(input, { items }, (item) => item);

    expect(await bench.outputOf(await bench.runMap('m'))).toEqual(outputs);
  });

  it.each([
    ['no array', { a: 1 }, {}, 'are no array but {"a":1}'],
    ['nothing', {}, { items: '{% $.missing %}' }, 'gave nothing'],
  ])('whose items are %s fails and says so', async (_what, input, overrides, text) => {
    const bench = await aMapBench(input, overrides, () => 1);

    expect((await bench.runMap('m'))?.error).toMatchObject({
      code: 'INVALID_MAP_ITEMS',
      message: expect.stringContaining(text),
    });
  });

  it('hands its handler the item, or what itemInput makes of it', async () => {
    const itemInput = { item: '{% $item %}', at: '{% $index %}', of: '{% $count($.list) %}' };
    const bench = await aMapBench({ list: ['a', 'b'] }, { items: '{% $.list %}', itemInput }, (input) => input);

    expect(await bench.outputOf(await bench.runMap('m'))).toEqual([
      { item: 'a', at: 0, of: 2 },
      { item: 'b', at: 1, of: 2 },
    ]);
  });

  it('sees its whole input where an expression falls back on it', async () => {
    const bench = await aMapBench(['a', 'b'], { itemInput: '{% $string() %}' }, (input) => input);

    expect(await bench.outputOf(await bench.runMap('m'))).toEqual(['["a","b"]', '["a","b"]']);
  });

  it('is skipped where its runIf is false', async () => {
    const bench = await aMapBench([1], { runIf: '{% false %}' }, () => 1);

    expect(await bench.runMap('m')).toMatchObject({ status: 'SKIPPED' });
  });

  it('gives each item an idempotency key of its own', async () => {
    const keys: string[] = [];
    const bench = await aMapBench([1, 2], { chunkSize: 2 }, ((
      _input: never,
      { idempotencyKey }: { idempotencyKey: string },
    ) => keys.push(idempotencyKey)) as never);

    await bench.runMap('m');

    expect(keys).toEqual(['execution-1/m/1/0', 'execution-1/m/1/1']);
  });
});

describe('failed items', () => {
  const failOdd: Call = (n: number) => {
    if (n % 2 === 1) throw anError(`Odd${n}`);
    return n;
  };

  it.each([
    ['no tolerance', {}, 'FAILED'],
    ['a count too low', { toleratedFailureCount: 1 }, 'FAILED'],
    ['a count just right', { toleratedFailureCount: 2 }, 'SUCCEEDED'],
    ['a share too low', { toleratedFailurePercentage: 49 }, 'FAILED'],
    ['a share just right', { toleratedFailurePercentage: 50 }, 'SUCCEEDED'],
    ['the larger of both', { toleratedFailurePercentage: 1, toleratedFailureCount: 2 }, 'SUCCEEDED'],
  ])('with %s: %j → %s', async (_what, tolerance, status) => {
    const bench = await aMapBench([1, 2, 3, 4], { chunkSize: 3, ...tolerance }, failOdd);

    expect((await bench.runMap('m'))?.status).toBe(status);
  });

  it('give null, and their errors by index', async () => {
    const bench = await aMapBench([2, 1, 4, 3], { chunkSize: 2, toleratedFailurePercentage: 100 }, failOdd);

    const result = await bench.runMap('m');

    expect(await bench.outputOf(result)).toEqual([2, null, 4, null]);
    expect(result?.failures && (await bench.store.payloads.load(result.failures))).toMatchObject([
      { index: 1, error: { name: 'Odd1' } },
      { index: 3, error: { name: 'Odd3' } },
    ]);
  });

  it('over the tolerance fail the map with the first of them as cause, which a clause may catch', async () => {
    const bench = await aMapBench(
      [1],
      { catch: [{ errors: ['ToleratedFailureExceeded'], output: 'caught' }] },
      failOdd,
    );

    const result = await bench.runMap('m');

    expect(result).toMatchObject({
      source: 'catch',
      error: { code: 'TOLERATED_FAILURE_EXCEEDED', cause: { name: 'Odd1' } },
    });
    expect(await bench.outputOf(result)).toBe('caught');
  });

  it('have a fallback each', async () => {
    const bench = await aRunnerBench({
      nodes: { m: aMap({ handler: 'h', fallback: { handler: 'f' }, toleratedFailureCount: 1, chunkSize: 9 }) },
      handlers: {
        h: failOdd as never,
        f: (n: number) => {
          if (n === 3) throw anError('Second');
          return -n;
        },
      },
      input: [1, 2, 3],
    });

    const result = await bench.runMap('m');

    expect(await bench.outputOf(result)).toEqual([-1, 2, null]);
    expect(result?.failures && (await bench.store.payloads.load(result.failures))).toMatchObject([
      { index: 2, error: { name: 'Second', cause: { name: 'Odd3' } } },
    ]);
  });
});

describe('a chunk that is retried', () => {
  it('runs only its failed items again, and keeps what the others gave', async () => {
    const calls: string[] = [];
    const bench = await aMapBench(
      [0, 1, 2],
      { chunkSize: 3, retry: { maxRetries: 2, intervalSeconds: 5 } },
      (n: number, { attempt }) => {
        calls.push(`${n}@${attempt}`);
        if (n > 0 && attempt <= n) throw anError('Flaky');
        return n * 10;
      },
    );

    const result = await bench.runMap('m');

    expect(calls).toEqual(['0@1', '1@1', '2@1', '1@2', '2@2', '2@3']);
    expect(await bench.outputOf(result)).toEqual([0, 10, 20]);
    expect((await chunkOf(bench, 0))?.item.attempts.length).toBe(3);
  });

  it('carries large outputs too', async () => {
    const bench = await aMapBench(
      [0, 1],
      { chunkSize: 2, retry: { maxRetries: 1, intervalSeconds: 0 } },
      (n: number, { attempt }) => {
        if (n === 1 && attempt === 1) throw anError('Flaky');
        return 'x'.repeat(50_000);
      },
    );

    const output = await bench.outputOf(await bench.runMap('m'));

    expect(output).toEqual(['x'.repeat(50_000), 'x'.repeat(50_000)]);
  });
});

describe('a chunk whose invocation ends soon', () => {
  /** Has time for one item, and so many more. */
  const shortInvocation = (more: number) => {
    let left = 0;
    const remainingMs = () => {
      left = left === 0 ? more : left - 1;
      return left === more ? 0 : 1_000_000;
    };
    return { receiveCount: 1, remainingMs };
  };

  it('goes on in another one, and runs no item twice', async () => {
    const calls: number[] = [];
    const bench = await aMapBench([0, 1, 2, 3, 4], { chunkSize: 5 }, (n: number) => calls.push(n));

    const result = await bench.runMap('m', shortInvocation(2));

    expect(calls).toEqual([0, 1, 2, 3, 4]);
    expect(await bench.outputOf(result)).toEqual([1, 2, 3, 4, 5]);
    expect((await chunkOf(bench, 0))?.item.attempts.map(({ attempt }) => attempt)).toEqual([1]);
  });

  it('comes to an end although only one item fits and each fails once', async () => {
    const calls: string[] = [];
    const bench = await aMapBench(
      [0, 1],
      { chunkSize: 2, retry: { maxRetries: 1, intervalSeconds: 1 } },
      (n: number, { attempt }) => {
        calls.push(`${n}@${attempt}`);
        if (attempt === 1) throw anError('Flaky');
        return n;
      },
    );

    const result = await bench.runMap('m', shortInvocation(0));

    expect(calls).toEqual(['0@1', '1@1', '0@2', '1@2']);
    expect(await bench.outputOf(result)).toEqual([0, 1]);
  });

  it('waits for the longest delay of its items, across invocations', async () => {
    const draws = [0.9, 0.1];
    const bench = await aMapBench(
      [0, 1],
      { chunkSize: 2, retry: { maxRetries: 1, intervalSeconds: 100, jitterStrategy: 'FULL' } },
      (_n, { attempt }) => {
        if (attempt === 1) throw anError('Flaky');
      },
      { random: () => draws.shift() ?? 0 },
    );
    const startedAtMs = bench.clock.nowMs();

    await bench.runMap('m', shortInvocation(0));

    expect(((await chunkOf(bench, 0))?.item.startedAtMs ?? 0) - startedAtMs).toBe(90_000);
  });
});

describe('giving up a chunk', () => {
  it('keeps what earlier attempts achieved, and fails the rest with RunnerCrashed', async () => {
    const bench = await aMapBench(
      [0, 1, 2],
      { chunkSize: 3, toleratedFailureCount: 3, retry: { maxRetries: 1, intervalSeconds: 0 } },
      (n: number) => {
        if (n > 0) throw anError('Flaky');
        return 'kept';
      },
    );
    await bench.run(bench.aMessage('m', { kind: 'plan' }));
    await bench.run(bench.aMessage('m', { kind: 'chunk', chunk: 0 }));
    const [second] = await bench.sent();

    if (second !== undefined) await bench.runner.giveUp(second, 5);
    const chunk = await chunkOf(bench, 0);

    expect(chunk?.outcome).toMatchObject({
      outputs: ['kept', null, null],
      failures: [
        { index: 1, error: { code: 'RUNNER_CRASHED' } },
        { index: 2, error: { code: 'RUNNER_CRASHED' } },
      ],
    });
    expect(chunk?.item.failedItems).toBe(2);
  });

  it('leaves an outcome that stands', async () => {
    const bench = await aMapBench([0], {}, () => 'done');
    await bench.run(bench.aMessage('m', { kind: 'plan' }));
    await bench.run(bench.aMessage('m', { kind: 'chunk', chunk: 0 }));

    await bench.runner.giveUp(bench.aMessage('m', { kind: 'chunk', chunk: 0 }), 5);

    expect((await chunkOf(bench, 0))?.outcome).toEqual({ outputs: ['done'], failures: [] });
  });
});
