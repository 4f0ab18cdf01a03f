import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import type { ExecutionConfigInput } from '../../../shared/model/config.ts';
import type { TaskNode } from '../../../shared/model/definition.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { createTestExecutor, type Failure, historyOf, type Replacement } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';
import { anError } from '../../support/factories-runner.ts';

/** What became of a single node, the times in it left out. */
async function historyOfNode(
  node: Partial<z.input<typeof TaskNode>>,
  failures: readonly Failure[],
  config: ExecutionConfigInput = {},
) {
  await using executor = createTestExecutor({ replace: { a: () => 'done' }, failures });
  const handle = await executor.start(aWorkflow({ a: { handler: 'test.behave', ...node } }, { config }), null);
  await handle.result();
  return historyOf(handle);
}
const flaky: Failure = { node: 'a', error: anError('Flaky') };

describe('a retry', () => {
  it('is made maxRetries times after the first attempt, each after a longer wait, then the error stands', async () => {
    const retry = { maxRetries: 2, intervalSeconds: 10, backoffRate: 3 };

    expect(await historyOfNode({ retry }, [flaky])).toEqual([
      'started',
      'a failed (attempt 1, Flaky), again in 10000 ms',
      'a failed (attempt 2, Flaky), again in 30000 ms',
      'a failed (attempt 3, Flaky)',
      'failed (Flaky at a)',
    ]);
  });

  it('is not made where there is no policy', async () => {
    expect(await historyOfNode({}, [flaky])).toEqual(['started', 'a failed (Flaky)', 'failed (Flaky at a)']);
  });

  it('follows the default policy with retryFailedNodes', async () => {
    expect(await historyOfNode({}, [flaky], { retryFailedNodes: true, maxRetries: 1 })).toEqual([
      'started',
      'a failed (attempt 1, Flaky), again in 1000 ms',
      'a failed (attempt 2, Flaky)',
      'failed (Flaky at a)',
    ]);
  });

  it.each([
    ['is marked as not retryable', 'Flaky', { retryable: false }, {}, 1],
    ['is of a name the policy never retries', 'Fatal', {}, { nonRetryableErrors: ['Fat*'] }, 1],
    ['is of no name the policy retries', 'Flaky', {}, { retryableErrors: ['Other'] }, 1],
    [
      'is marked as retryable, whatever the policy says',
      'Fatal',
      { retryable: true },
      { nonRetryableErrors: ['*'] },
      3,
    ],
    ['is of a name the policy retries', 'Flaky', {}, { retryableErrors: ['Fla*'] }, 3],
  ])('where the error %s: %s %j %j, attempts: %i', async (_why, name, fields, policy, count) => {
    const retry = { maxRetries: 2, intervalSeconds: 0, ...policy };

    const history = await historyOfNode({ retry }, [{ node: 'a', error: anError(name, fields) }]);

    expect(history.filter((line) => line.startsWith('a failed'))).toHaveLength(count);
  });

  it('of a handler that timed out is made too', async () => {
    const retry = { maxRetries: 1, intervalSeconds: 0 };

    expect(await historyOfNode({ retry, timeoutSeconds: 1 }, [{ node: 'a', timeout: true }])).toEqual([
      'started',
      'a failed (attempt 1, NodeTimedOut), again in 0 ms',
      'a failed (attempt 2, NodeTimedOut)',
      'failed (NodeTimedOut at a)',
    ]);
  });

  it('is never made of what no repetition can mend', async () => {
    await using executor = createTestExecutor({ handlers: [defineNode({ type: 'bigint', execute: () => 1n })] });
    const retry = { maxRetries: 5, intervalSeconds: 0 };

    const { error } = await executor.execute(aWorkflow({ a: { handler: 'bigint', retry } }), null);

    expect(error?.code).toBe('NOT_JSON');
    expect(executor.calls('a')).toHaveLength(1);
  });
});

describe('a fallback', () => {
  const withFallback = async (
    handlers: { readonly first: Replacement; readonly second: Replacement },
    node: Partial<z.input<typeof TaskNode>> = {},
  ) => {
    await using executor = createTestExecutor({
      replace: { 'test.first': handlers.first, 'test.second': handlers.second },
    });
    const a = { handler: 'test.first', fallback: { handler: 'test.second' }, input: { n: [1] }, ...node };
    const handle = await executor.start(aWorkflow({ a }), null);
    const result = await handle.result();
    return { ...result, history: await historyOf(handle), calls: executor.calls('a') };
  };
  const fail = (name: string) => () => {
    throw anError(name);
  };

  it('runs once, when the retries are used up, and the first error is kept', async () => {
    const retry = { maxRetries: 1, intervalSeconds: 0 };

    const { history, calls } = await withFallback({ first: fail('First'), second: () => 1 }, { retry });

    expect(history).toContain('a succeeded (attempt 2, fallback, First)');
    expect(calls.map(({ isFallback }) => isFallback)).toEqual([false, false, true]);
  });

  it('gets the same input, whatever the handler did to its own', async () => {
    const first = (input: { n: number[] }) => {
      input.n.push(2);
      throw anError('First');
    };

    const { output } = await withFallback({ first, second: (input) => input });

    expect(output).toEqual({ n: [1] });
  });

  it('that fails too leaves the first error', async () => {
    const { error, calls } = await withFallback({ first: fail('First'), second: fail('Second') });

    expect(error?.name).toBe('First');
    expect(calls.map((call) => call.error?.name)).toEqual(['First', 'Second']);
  });

  it('is not run where the handler succeeds', async () => {
    const { output, calls } = await withFallback({ first: () => 1, second: () => 2 });

    expect([output, calls.length]).toEqual([1, 1]);
  });
});
