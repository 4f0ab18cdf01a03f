import { describe, expect, it } from 'vitest';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { NodeResult } from '../../../shared/nodes/node-result.ts';
import { createTestExecutor } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';
import { charge, chargeLater, orders, reserve } from './orders.ts';

describe('a replacement', () => {
  it('stands in for the handler of a node, and gets what that would', async () => {
    const seen: unknown[] = [];
    await using executor = createTestExecutor({
      workflow: orders,
      replace: {
        charge: (input, { idempotencyKey }) => {
          seen.push(input, idempotencyKey);
          return { charged: 7 };
        },
      },
    });

    const { output } = await executor.execute(orders, { id: 'a' });

    expect(output).toBe('reservation-a for 7');
    expect(seen).toEqual([{ id: 'a', cents: 100 }, 'execution-1/charge/1']);
  });

  it('stands in for a handler wherever it is used, by its type', async () => {
    await using executor = createTestExecutor({
      handlers: [charge],
      replace: { 'shop.charge': () => ({ charged: 7 }) },
    });
    const nodes = { a: { handler: 'shop.charge' }, b: { handler: 'shop.charge' } };

    const { output } = await executor.execute(aWorkflow(nodes), { id: 'a' });

    expect(output).toEqual({ a: { charged: 7 }, b: { charged: 7 } });
  });

  it('of a node goes before one of a type, and leaves the node’s fallback alone', async () => {
    await using executor = createTestExecutor({
      handlers: [charge, chargeLater],
      replace: {
        a: () => NodeResult.failure(new Error('declined')),
        'shop.charge': () => ({ charged: 7 }),
        c: () => NodeResult.failure(new Error('declined')),
        'shop.charge-later': () => ({ charged: 8 }),
      },
    });
    const fallback = { handler: 'shop.charge-later' };
    const nodes = {
      a: { handler: 'shop.charge', fallback },
      b: { handler: 'shop.charge', fallback },
      c: { handler: 'shop.charge', fallback },
    };

    const { output } = await executor.execute(aWorkflow(nodes), { id: 'a' });

    expect(output).toEqual({ a: { charged: 8 }, b: { charged: 7 }, c: { charged: 8 } });
  });

  it('under a name that is a node’s id and a handler’s type means that node alone', async () => {
    const twin = defineNode({ type: 'twin', execute: () => 'itself' });
    await using executor = createTestExecutor({ handlers: [twin], replace: { twin: () => 'replaced' } });

    const { output } = await executor.execute(
      aWorkflow({ twin: { handler: 'twin' }, other: { handler: 'twin' } }),
      null,
    );

    expect(output).toEqual({ twin: 'replaced', other: 'itself' });
  });

  it('needs no handler to be registered', async () => {
    await using executor = createTestExecutor({ replace: { a: () => 1, 'some.where': () => 2 } });
    const nodes = { a: { handler: 'no.where' }, b: { handler: 'some.where' } };

    const { output } = await executor.execute(aWorkflow(nodes), null);

    expect(output).toEqual({ a: 1, b: 2 });
  });

  it('of one node does not make up for a handler that others need', async () => {
    await using executor = createTestExecutor({ replace: { a: () => 1 } });
    const nodes = { a: { handler: 'no.where' }, b: { handler: 'no.where' } };

    await expect(executor.execute(aWorkflow(nodes), null)).rejects.toMatchObject({
      code: 'UNREGISTERED_HANDLER',
    });
  });

  it('sees each item of a map, each visit and each attempt', async () => {
    await using executor = createTestExecutor({
      replace: {
        m: (item, { itemIndex, attempt }) => {
          if (itemIndex === 1 && attempt === 1) throw new Error('busy');
          return [item, itemIndex, attempt];
        },
      },
    });
    const nodes = { m: { type: 'map', handler: 'test.behave', retry: { maxRetries: 1 } } };

    const { output } = await executor.execute(aWorkflow(nodes), ['x', 'y']);

    expect(output).toEqual([
      ['x', 0, 1],
      ['y', 1, 2],
    ]);
  });

  it('can wait in the executor’s time, until it is told to stop', async () => {
    const seen: unknown[] = [];
    await using executor = createTestExecutor({
      replace: {
        a: async (_input, { sleep }) => {
          await sleep(59_999).then(() => seen.push('waited'));
          await sleep(Number.POSITIVE_INFINITY).catch((error: Error) => seen.push(error.name));
        },
      },
    });

    const { error, executionTimeMs } = await executor.execute(aWorkflow({ a: { handler: 'test.behave' } }), null);

    expect({ code: error?.code, executionTimeMs, seen }).toEqual({
      code: 'NODE_TIMED_OUT',
      executionTimeMs: 60_000,
      seen: ['waited', 'AbortError'],
    });
  });

  it.each([
    ['a shape the handler’s schema refuses', { charged: 'much' }, 'charged: Invalid input'],
    ['what is no JSON', { charged: 1n }, 'charged'],
  ])('that gives %s is an error of the test, whatever the workflow makes of it', async (_what, output, text) => {
    await using executor = createTestExecutor({ handlers: [charge], replace: { a: () => output } });
    const nodes = { a: { handler: 'shop.charge', catch: [{ errors: ['*'], output: 'all is well' }] } };

    await expect(executor.execute(aWorkflow(nodes), { id: 'a' })).rejects.toMatchObject({
      code: 'TEST_IMPOSSIBLE_OUTPUT',
      message: expect.stringContaining(text),
    });
  });

  it('may fail as a handler whose output is wrong would', async () => {
    const replace = {
      a: () => {
        throw Object.assign(new Error('odd'), { code: 'INVALID_NODE_OUTPUT' });
      },
    };
    await using executor = createTestExecutor({ replace });

    const { error } = await executor.execute(aWorkflow({ a: { handler: 'test.behave' } }), null);

    expect(error?.message).toBe('odd');
  });

  it('gets no input that the handler would not take', async () => {
    await using executor = createTestExecutor({ handlers: [reserve], replace: { a: () => ({ reservation: 'x' }) } });
    const nodes = { a: { handler: 'shop.reserve' } };

    const { error } = await executor.execute(aWorkflow(nodes), { id: 1 });

    expect(error?.code).toBe('INVALID_NODE_INPUT');
    expect(executor.calls('a')).toEqual([]);
  });

  it('is a function', () => {
    expect(() => createTestExecutor({ replace: { a: 1 as never } })).toThrow('a: is no function');
  });
});

describe('calls', () => {
  it('are kept as they were made, with their times and what they gave', async () => {
    await using executor = createTestExecutor({
      workflow: orders,
      replace: {
        charge: async (order, { sleep }) => {
          order.cents = 0;
          await sleep(5);
          return { charged: 7 };
        },
      },
    });
    const startMs = executor.clock.nowMs();

    await executor.execute(orders, { id: 'a' });

    expect(executor.calls('shop.charge')).toEqual([
      {
        executionId: 'execution-1',
        node: 'charge',
        handler: 'shop.charge',
        isFallback: false,
        visit: 1,
        attempt: 1,
        idempotencyKey: 'execution-1/charge/1',
        input: { id: 'a', cents: 100 },
        startedAtMs: startMs,
        endedAtMs: startMs + 5,
        output: { charged: 7 },
        isInjected: false,
      },
    ]);
  });

  it('that are under way have no end', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'charge', delayMs: 50 }] });
    await executor.start(orders, { id: 'a' });

    await executor.clock.advance(49);

    expect(executor.calls('charge')[0]).not.toHaveProperty('endedAtMs');
  });
});

describe('a name that means nothing', () => {
  const definition = aWorkflow({ charge: { handler: 'shop.charge' }, sum: { type: 'transform', output: null } });

  it.each([
    ['replace', { replace: { chrage: () => 1 } }, 'TEST_UNKNOWN_NAME', "Did you mean 'charge'?"],
    ['replace, as a type', { replace: { 'shop.chrage': () => 1 } }, 'TEST_UNKNOWN_NAME', "Did you mean 'shop.charge'?"],
    ['replace, for a transform', { replace: { sum: () => 1 } }, 'TEST_NO_HANDLER', "'sum', a transform"],
    ['failures', { failures: [{ node: 'chrage', timeout: true }] }, 'TEST_UNKNOWN_NAME', "Did you mean 'charge'?"],
    [
      'failures, for a transform',
      { failures: [{ node: 'sum', timeout: true }] },
      'TEST_NO_HANDLER',
      "'sum', a transform",
    ],
  ] as const)('in %s is an error at once', async (_where, options, code, text) => {
    const error = { code, message: expect.stringContaining(text) };

    expect(() => createTestExecutor({ workflow: definition, ...options })).toThrow(expect.objectContaining(error));

    const executor = createTestExecutor({ handlers: [charge], ...options });
    await expect(executor.execute(definition, { id: 'a' })).rejects.toMatchObject(error);
    await executor.close().catch(() => undefined);
  });

  it('in when or calls is an error at once', async () => {
    await using executor = createTestExecutor({ workflow: definition, handlers: [charge] });
    const unknown = expect.objectContaining({ code: 'TEST_UNKNOWN_NAME' });
    const withoutHandler = expect.objectContaining({ code: 'TEST_NO_HANDLER' });

    expect(() => executor.when('chrage', 'settled', () => undefined)).toThrow(unknown);
    expect(() => executor.when('sum', 'starts', () => undefined)).toThrow(withoutHandler);
    expect(() => executor.when({ node: 'charge', attempt: 0 }, 'starts', () => undefined)).toThrow('attempt');
    expect(() => executor.calls('chrage')).toThrow(unknown);
    expect(() => executor.calls('sum')).toThrow(withoutHandler);
  });

  it('may be of any of several workflows', async () => {
    const other = { name: 'other', nodes: { pay: { handler: 'pay' } } };
    await using executor = createTestExecutor({
      workflow: [orders, other],
      replace: { charge: () => ({ charged: 1 }), pay: () => 1 },
    });

    const results = [await executor.execute(orders, { id: 'a' }), await executor.execute(other, null)];

    expect(results.map(({ output }) => output)).toEqual(['reservation-a for 1', 1]);
  });
});
