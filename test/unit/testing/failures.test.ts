import { describe, expect, it } from 'vitest';
import type { DefinitionInput } from '../../../shared/model/definition.ts';
import { createTestExecutor, type Failure, historyOf } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';
import { orders } from './orders.ts';

const busy = new Error('busy');
const retry = { maxRetries: 2, intervalSeconds: 1, backoffRate: 1 };

async function historyWith(
  failures: readonly Failure[],
  nodes: DefinitionInput['nodes'] = { a: { handler: 'test.behave', retry } },
  input: unknown = null,
  overrides: Partial<DefinitionInput> = {},
) {
  await using executor = createTestExecutor({ failures, replace: { 'test.behave': (_input, { visit }) => visit } });
  const handle = await executor.start(aWorkflow(nodes, overrides), input);
  await handle.result();
  return { lines: await historyOf(handle, { times: true }), calls: executor.calls('test.behave') };
}

describe('a failure', () => {
  it('happens at the attempt it names', async () => {
    const { lines, calls } = await historyWith([
      { node: 'a', attempt: 2, error: busy },
      { node: 'a', attempt: 1, error: new TypeError('bad') },
    ]);

    expect(lines).toEqual([
      '0 ms: started',
      '0 ms: a failed (attempt 1, TypeError), again in 1000 ms',
      '1000 ms: a failed (attempt 2, Error), again in 1000 ms',
      '2000 ms: a succeeded (attempt 3)',
      '2000 ms: succeeded',
    ]);
    expect(calls.map(({ isInjected, error, output }) => [isInjected, error?.message, output])).toEqual([
      [true, 'bad', undefined],
      [true, 'busy', undefined],
      [false, undefined, 1],
    ]);
  });

  it('happens at every attempt where it names none, and is as final as the handler’s own', async () => {
    const { lines } = await historyWith([{ node: 'a', error: busy }]);

    expect(lines.slice(-3)).toEqual([
      '1000 ms: a failed (attempt 2, Error), again in 1000 ms',
      '2000 ms: a failed (attempt 3, Error)',
      '2000 ms: failed (Error at a)',
    ]);
  });

  it('happens as often as it says', async () => {
    const { lines } = await historyWith([{ node: 'a', times: 2, error: busy }]);

    expect(lines.at(-2)).toBe('2000 ms: a succeeded (attempt 3)');
  });

  it('happens at the visit it names', async () => {
    const nodes = {
      a: {
        handler: 'test.behave',
        choices: [{ when: '{% $output < 3 %}', next: 'a' }],
        next: '$end',
        catch: [{ errors: ['*'], next: 'a' }],
      },
    };

    const { lines } = await historyWith([{ node: 'a', visit: 2, error: busy }], nodes, null, {
      strategy: 'conditional',
    });

    expect(lines.slice(1, -1)).toEqual([
      '0 ms: a succeeded',
      '0 ms: a #2 succeeded (catch, Error)',
      '0 ms: a #3 succeeded',
    ]);
  });

  it('happens at the item it names', async () => {
    const { lines } = await historyWith(
      [{ node: 'm', item: 1, attempt: 1, error: busy }],
      { m: { type: 'map', handler: 'test.behave', retry } },
      ['x', 'y'],
    );

    expect(lines.filter((line) => !line.includes('m[0]'))).toEqual([
      '0 ms: started',
      '0 ms: m planned (2 items)',
      '0 ms: m[1] failed (attempt 1, Error), again in 1000 ms',
      '1000 ms: m[1] settled (attempt 2)',
      '1000 ms: m succeeded',
      '1000 ms: succeeded',
    ]);
  });

  it('can be a timeout', async () => {
    const { lines } = await historyWith([{ node: 'a', attempt: 1, timeout: true }], {
      a: { handler: 'test.behave', retry, timeoutSeconds: 30 },
    });

    expect(lines.slice(1, 3)).toEqual([
      '30000 ms: a failed (attempt 1, NodeTimedOut), again in 1000 ms',
      '31000 ms: a succeeded (attempt 2)',
    ]);
  });

  it('can be a delay, alone or before another', async () => {
    const { lines } = await historyWith([
      { node: 'a', attempt: 1, delayMs: 500, error: busy },
      { node: 'a', delayMs: 200 },
    ]);

    expect(lines.slice(1, 3)).toEqual([
      '500 ms: a failed (attempt 1, Error), again in 1000 ms',
      '1700 ms: a succeeded (attempt 2)',
    ]);
  });

  it('can be a crash before the handler is called: the message comes again', async () => {
    const { lines, calls } = await historyWith([{ node: 'a', crash: 'before', delayMs: 100 }]);

    expect(lines.slice(1)).toEqual(['600 ms: a succeeded', '600 ms: succeeded']);
    expect(calls).toMatchObject([{ attempt: 1, isInjected: false }]);
  });

  it('can be a crash after the handler is done: it is called again, with the same key', async () => {
    const { calls } = await historyWith([{ node: 'a', crash: 'after' }]);

    expect(calls).toMatchObject([
      { attempt: 1, idempotencyKey: 'execution-1/a/1', error: { name: 'RunnerCrashed' } },
      { attempt: 1, idempotencyKey: 'execution-1/a/1', output: 1 },
    ]);
  });

  it('can be so many crashes that the engine gives up', async () => {
    const { lines } = await historyWith([{ node: 'a', crash: 'after', times: 5 }]);

    expect(lines.at(-1)).toMatch(/failed \(RunnerCrashed at a\)$/);
  });

  it('leaves the fallback alone', async () => {
    await using executor = createTestExecutor({
      failures: [{ node: 'a', error: busy }],
      replace: { 'x.y': () => 1, 'x.z': () => 2 },
    });
    const nodes = { a: { handler: 'x.y', fallback: { handler: 'x.z' } } };

    const { output } = await executor.execute(aWorkflow(nodes), null);

    expect(output).toBe(2);
    expect(executor.calls('a')).toMatchObject([
      { handler: 'x.y', isFallback: false, isInjected: true },
      { handler: 'x.z', isFallback: true, isInjected: false },
    ]);
  });

  it.each([
    ['nothing', {}],
    ['two things', { error: busy, timeout: true }],
    ['what is no error', { error: 'busy' }],
    ['an attempt 0', { attempt: 0, timeout: true }],
    ['what it is not asked', { crash: 'before', item: 0, when: 'now' }],
  ])('that says %s is refused', (_what, fields) => {
    expect(() => createTestExecutor({ failures: [{ node: 'a', ...fields } as never] })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
  });
});

describe('what never happened', () => {
  it('is reported when the executor is closed', async () => {
    const executor = createTestExecutor({
      workflow: orders,
      failures: [
        { node: 'charge', attempt: 1, error: busy },
        { node: 'charge', attempt: 4, error: busy },
        { node: 'ship', crash: 'after' },
      ],
    });
    executor.when({ node: 'reserve', visit: 2 }, 'settled', () => undefined);
    await executor.execute(orders, { id: 'a' });

    await expect(executor.close()).rejects.toMatchObject({
      code: 'TEST_NEVER_HAPPENED',
      details: { unused: ["Error (busy) at 'charge', attempt 4", "the moment when 'reserve', visit 2 has settled"] },
    });
  });

  it('is reported when the test asks', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'ship', timeout: true }] });

    expect(() => executor.assertAllHappened()).toThrow("the timeout at 'ship'");

    await executor.execute(orders, { id: 'a' });
    executor.assertAllHappened();
  });

  it('is not reported in place of what went wrong', async () => {
    const executor = createTestExecutor({
      workflow: orders,
      replace: { reserve: () => ({ reservation: 1 }) as never },
      failures: [{ node: 'ship', timeout: true }],
    });

    await expect(executor.execute(orders, { id: 'a' })).rejects.toMatchObject({ code: 'TEST_IMPOSSIBLE_OUTPUT' });
    await executor.close();
  });
});
