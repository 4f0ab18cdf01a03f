import { readdir } from 'node:fs/promises';
import { setTimeout as realSleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { createTestExecutor, historyOf, type TestExecutor } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';
import { orders } from './orders.ts';

const never = new Promise<never>(() => undefined);
const WEEK_S = 7 * 86_400;
const unlimited = { timeoutSeconds: 52 * WEEK_S };

describe('time', () => {
  it('passes over all that waits, to the millisecond', async () => {
    const retry = { maxRetries: 2, intervalSeconds: WEEK_S, backoffRate: 3 };
    await using executor = createTestExecutor({
      replace: { a: (_input, { attempt }) => attempt },
      failures: [
        { node: 'a', attempt: 1, error: new Error('busy') },
        { node: 'a', attempt: 2, error: new Error('busy') },
      ],
    });

    const result = await executor.execute(
      aWorkflow({ a: { handler: 'test.behave', retry } }, { config: unlimited }),
      null,
    );

    expect(result).toMatchObject({ output: 3, executionTimeMs: 4 * WEEK_S * 1_000 });
  });

  it('is 2030 unless the test says otherwise', async () => {
    await using usual = createTestExecutor();
    await using said = createTestExecutor({ startAt: '2024-02-29T12:00:00Z' });

    expect(new Date(usual.clock.nowMs()).toISOString()).toBe('2030-01-01T00:00:00.000Z');
    expect(new Date(said.clock.nowMs()).toISOString()).toBe('2024-02-29T12:00:00.000Z');
    expect(() => createTestExecutor({ startAt: 'noon' })).toThrow('startAt: is no time: noon');
  });

  it('ends at the deadline an execution that only waits', async () => {
    await using executor = createTestExecutor({
      failures: [{ node: 'a', error: new Error('busy') }],
      replace: { a: () => 1 },
    });
    const definition = aWorkflow(
      { a: { handler: 'test.behave', retry: { intervalSeconds: 3_600 } } },
      { config: { timeoutSeconds: 300 } },
    );

    const handle = await executor.start(definition, null);
    await handle.result();

    expect((await historyOf(handle, { times: true })).slice(-2)).toEqual([
      '300000 ms: stopping (TIMED_OUT)',
      '310000 ms: timed out',
    ]);
  });

  it('ends at the deadline an execution that is paused', async () => {
    await using executor = createTestExecutor({ workflow: orders });
    executor.when('reserve', 'starts', (handle) => handle.pause());
    const handle = await executor.start(orders, { id: 'a' });
    await handle.result();

    await executor.clock.advance(7_200_000);

    expect(await handle.describe()).toMatchObject({ status: 'TIMED_OUT', endedAtMs: Date.UTC(2030, 0, 1, 2) });
  });

  it('runs out for what is cached', async () => {
    let computed = 0;
    await using executor = createTestExecutor({ replace: { a: () => ++computed } });
    const definition = aWorkflow({ a: { handler: 'test.behave' } }, { cache: { ttlSeconds: 3_600 } });
    const outputs = [];

    for (const waitMs of [0, 3_599_999, 1, 0]) {
      await executor.clock.advance(waitMs);
      outputs.push((await executor.execute(definition, null)).output);
    }

    expect(outputs).toEqual([1, 1, 2, 2]);
  });

  it('runs out for what is cached, though the execution that computed it was started once more meanwhile', async () => {
    let computed = 0;
    await using executor = createTestExecutor({ replace: { a: () => ++computed } });
    const definition = aWorkflow({ a: { handler: 'test.behave' } }, { cache: { ttlSeconds: 60 } });
    await executor.execute(definition, null, { executionId: 'first' });
    await executor.clock.advance(120_000);
    await executor.execute(definition, null, { executionId: 'first' });

    const { output, cachedFrom } = await executor.execute(definition, null);

    expect([output, cachedFrom]).toEqual([2, undefined]);
  });

  it('stands still while nobody waits', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'charge', delayMs: 1_000 }] });
    const handle = await executor.start(orders, { id: 'a' });

    await realSleep(20);
    const { status, progress } = await handle.describe();

    expect(executor.clock.nowMs()).toBe(Date.UTC(2030, 0, 1));
    expect({ status, running: progress.running }).toEqual({ status: 'RUNNING', running: ['charge'] });
    await handle.result();
  });

  it('goes on by steps where the test wants it', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'charge', delayMs: 50_000 }] });
    const handle = await executor.start(orders, { id: 'a' });
    const statuses = [];

    for (const ms of [0, 49_999, 1]) {
      await executor.clock.advance(ms);
      statuses.push([executor.clock.nowMs() - Date.UTC(2030, 0, 1), (await handle.describe()).status]);
    }

    expect(statuses).toEqual([
      [0, 'RUNNING'],
      [49_999, 'RUNNING'],
      [50_000, 'SUCCEEDED'],
    ]);
  });

  it('goes on for those who follow events, and for several executions at once', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'charge', delayMs: 50_000 }] });
    const handle = await executor.start(orders, { id: 'a' });
    const other = executor.execute(orders, { id: 'b' });
    const types = [];

    for await (const { type } of handle.events()) types.push(type);

    expect(types.at(-1)).toBe('ExecutionEnded');
    expect((await other).executionTimeMs).toBe(50_000);
  });

  it('goes on for handlers that wait on the test clock', async () => {
    const nap = defineNode({
      type: 'nap',
      async execute(ms: number, { signal }): Promise<number> {
        await executor.clock.sleep(ms, signal);
        return executor.clock.nowMs() - Date.UTC(2030, 0, 1);
      },
    });
    await using executor = createTestExecutor({ handlers: [nap] });

    const { output } = await executor.execute({ name: 'nap', nodes: { nap: { handler: 'nap' } } }, 30_000);

    expect(output).toBe(30_000);
  });

  it('goes on for a handler that waits for another execution', async () => {
    const nap = aWorkflow({ nap: { handler: 'test.behave' } }, { name: 'nap' });
    await using executor: TestExecutor = createTestExecutor({
      replace: {
        nap: (_input, { sleep }) => sleep(30_000),
        waits: async () => (await executor.execute(nap, 1)).status,
      },
      workflow: [nap, aWorkflow({ waits: { handler: 'test.behave' } })],
    });

    const result = await executor.execute(aWorkflow({ waits: { handler: 'test.behave' } }), null);

    expect(result).toMatchObject({ output: 'SUCCEEDED', executionTimeMs: 30_000 });
  });

  it('goes on for what a handler has left behind, too', async () => {
    let left: Promise<void> = Promise.resolve();
    await using executor: TestExecutor = createTestExecutor({
      replace: {
        a: () => {
          left = realSleep(5).then(() => executor.clock.advance(1_000));
        },
      },
    });
    await executor.execute(aWorkflow({ a: { handler: 'test.behave' } }), null);

    await left;

    expect(executor.clock.nowMs()).toBe(Date.UTC(2030, 0, 1) + 1_000);
  });

  it('waits for what handlers do in real time', async () => {
    const reads = defineNode({
      type: 'reads',
      async execute() {
        await realSleep(30);
        return (await readdir(import.meta.dirname)).includes('time.test.ts');
      },
    });
    await using executor = createTestExecutor({ handlers: [reads] });
    const definition = { name: 'reads', nodes: { a: { handler: 'reads' }, b: { handler: 'reads', dependsOn: ['a'] } } };

    const result = await executor.execute(definition, null);

    expect(result).toMatchObject({ output: true, executionTimeMs: 0 });
  });

  it('is the same for the same seed, to the last byte of the history', async () => {
    const run = async (seed: number) => {
      await using executor = createTestExecutor({
        seed,
        replace: { 'test.behave': (_input, { nodeId }) => nodeId },
        failures: [{ node: 'a', attempt: 1, error: new Error('busy') }],
      });
      const retry = { intervalSeconds: 100, jitterStrategy: 'FULL' };
      const nodes = {
        a: { handler: 'test.behave', retry },
        b: { handler: 'test.behave' },
        c: { handler: 'test.behave', dependsOn: ['a', 'b'] },
      };
      const handle = await executor.start(aWorkflow(nodes, { config: { traceExecution: true } }), null);
      await handle.result();
      return JSON.stringify(await handle.history());
    };

    const [first, again, other] = [await run(7), await run(7), await run(8)];

    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});

describe('a test that cannot go on says so', () => {
  it('where a handler never settles', async () => {
    await using executor = createTestExecutor({ workflow: orders, replace: { charge: () => never }, patienceMs: 20 });

    await expect(executor.execute(orders, { id: 'a' })).rejects.toMatchObject({
      code: 'TEST_STUCK',
      message: expect.stringContaining('charge (shop.charge, visit 1, attempt 1, of execution-1)'),
    });
  });

  it('and does not go on after that', async () => {
    await using executor = createTestExecutor({ workflow: orders, replace: { charge: () => never }, patienceMs: 20 });
    const handle = await executor.start(orders, { id: 'a' });
    await expect(executor.clock.advance(1_000)).rejects.toMatchObject({ code: 'TEST_STUCK' });

    await expect(handle.result()).rejects.toMatchObject({ code: 'TEST_STUCK' });
    await expect(executor.clock.advance(1)).rejects.toMatchObject({ code: 'TEST_STUCK' });
  });

  it('where nothing is left to happen', async () => {
    await using executor = createTestExecutor({ workflow: orders, patienceMs: 20 });
    executor.when('reserve', 'settled', () => executor.clock.sleep(Number.POSITIVE_INFINITY));
    await executor.execute(orders, { id: 'a' });

    await expect(executor.clock.sleep(Number.POSITIVE_INFINITY)).rejects.toMatchObject({
      code: 'TEST_DEADLOCK',
      message: expect.stringContaining('what is to be done when reserve has settled'),
    });
    expect(executor.clock.nowMs() - Date.UTC(2030, 0, 1)).toBeLessThan(1_000);
  });
});

describe('an executor that is closed', () => {
  it('leaves behind handlers that never settle', async () => {
    const executor = createTestExecutor({ workflow: orders, replace: { charge: () => never } });
    const handle = await executor.start(orders, { id: 'a' });
    const waiting = handle.result();

    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'EXECUTOR_CLOSED' }), executor.close()]);
    await executor.close();
  });

  it('still answers what was asked of it before', async () => {
    const history = await (async () => {
      await using executor = createTestExecutor({ workflow: orders });
      const { executionId } = await executor.execute(orders, { id: 'a' });
      return historyOf(executor.get(executionId));
    })();

    expect(history.at(-1)).toBe('succeeded');
  });

  it('has told its history to the end', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'charge', delayMs: 5 }] });

    const { executionId } = await executor.execute(orders, { id: 'a' });

    expect(await historyOf(executor.get(executionId), { times: true })).toEqual([
      '0 ms: started',
      '0 ms: reserve succeeded',
      '5 ms: charge succeeded',
      '5 ms: ship succeeded',
      '5 ms: succeeded',
    ]);
  });
});
