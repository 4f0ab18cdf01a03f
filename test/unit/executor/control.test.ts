import { describe, expect, it } from 'vitest';
import type { ExecutionResult } from '../../../shared/executor/execution-result.ts';
import { createTestExecutor, type TestExecutor } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';

/** A chain of two nodes that take a minute each. */
const slowChain = aWorkflow(
  {
    a: { handler: 'slow', timeoutSeconds: 100 },
    b: { handler: 'slow', timeoutSeconds: 100, dependsOn: ['a'] },
  },
  { config: { timeoutSeconds: 3_600 } },
);
const anExecutor = () =>
  createTestExecutor({
    replace: {
      async slow(_input, { nodeId, sleep }) {
        await sleep(60_000);
        return nodeId;
      },
    },
  });
const called = (executor: TestExecutor) => executor.calls('slow').map(({ node }) => node);

const essence = ({ status, success, paused, cancelled, output, partialResults }: ExecutionResult) => ({
  status,
  success,
  paused,
  cancelled,
  output,
  partialResults,
});

describe('a pause', () => {
  it('lets the running node finish, starts none, and is what execute resolves with', async () => {
    await using executor = anExecutor();
    const handle = await executor.start(slowChain, null);
    await executor.clock.advance(10_000);

    await handle.pause();
    const result = await handle.result();

    expect(essence(result)).toEqual({
      status: 'PAUSED',
      success: true,
      paused: true,
      cancelled: false,
      output: undefined,
      partialResults: { a: 'a' },
    });
    expect(result.executionTimeMs).toBe(60_000);
    expect(called(executor)).toEqual(['a']);
  });

  it('goes on where it stood when it is resumed', async () => {
    await using executor = anExecutor();
    executor.when('a', 'starts', (handle) => handle.pause());
    const handle = await executor.start(slowChain, null);
    await handle.result();

    await handle.resume();
    const result = await handle.result();

    expect(essence(result)).toMatchObject({ status: 'SUCCEEDED', output: 'b' });
    expect(called(executor)).toEqual(['a', 'b']);
  });

  it('that comes while the last node runs is no pause: the execution ends', async () => {
    await using executor = anExecutor();
    const handle = await executor.start(slowChain, null);
    await executor.clock.advance(90_000);

    await handle.pause();

    expect((await handle.result()).status).toBe('SUCCEEDED');
  });

  it('twice is answered clearly', async () => {
    await using executor = anExecutor();
    const handle = await executor.start(slowChain, null);
    await handle.pause();

    await expect(handle.pause()).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('that is cancelled ends as cancelled, not as paused', async () => {
    await using executor = anExecutor();
    executor.when('a', 'starts', (handle) => handle.pause());
    const handle = await executor.start(slowChain, null);
    await handle.result();

    await handle.cancel();

    expect(essence(await handle.result())).toMatchObject({
      status: 'CANCELLED',
      paused: false,
      cancelled: true,
      partialResults: { a: 'a' },
    });
  });
});

describe('a cancel', () => {
  it('ends with what stood, and nothing more starts', async () => {
    await using executor = anExecutor();
    const handle = await executor.start(slowChain, null);
    await executor.clock.advance(70_000);

    await handle.cancel();

    expect(essence(await handle.result())).toMatchObject({
      status: 'CANCELLED',
      success: false,
      partialResults: { a: 'a' },
    });
    expect(called(executor)).toEqual(['a', 'b']);
  });

  it.each(['cancel', 'pause', 'resume'] as const)(
    'after the end, and a %s, is answered clearly and changes nothing',
    async (action) => {
      await using executor = anExecutor();
      const handle = await executor.start(slowChain, null);
      const before = await handle.result();

      await expect(handle[action]()).rejects.toMatchObject({ code: 'INVALID_STATE' });

      expect(await handle.result()).toEqual(before);
    },
  );
});

describe('a start', () => {
  it('with the id and request of an earlier one finds that', async () => {
    await using executor = anExecutor();

    const [first, second] = [
      await executor.start(slowChain, 1, { executionId: 'same' }),
      await executor.start(slowChain, 1, { executionId: 'same' }),
    ];
    await Promise.all([first.result(), second.result()]);

    expect(called(executor)).toEqual(['a', 'b']);
  });

  it('with the id of an earlier one and another request is refused', async () => {
    await using executor = anExecutor();
    await executor.start(slowChain, 1, { executionId: 'same' });

    await expect(executor.start(slowChain, 2, { executionId: 'same' })).rejects.toMatchObject({
      code: 'EXECUTION_EXISTS',
    });
  });
});

describe('an execution over its time', () => {
  it('ends TIMED_OUT with partial results, at once where its handlers heed their signal', async () => {
    await using executor = anExecutor();

    const result = await executor.execute(slowChain, null, { config: { timeoutSeconds: 90 } });

    expect(essence(result)).toMatchObject({ status: 'TIMED_OUT', success: false, partialResults: { a: 'a' } });
    expect(result.executionTimeMs).toBe(90_000);
  });
});
