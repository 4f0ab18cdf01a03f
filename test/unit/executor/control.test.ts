import { describe, expect, it } from 'vitest';
import type { ExecutionResult } from '../../../shared/executor/execution-result.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { sleep } from '../../../shared/ports/clock.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { aDefinition, aTask } from '../../support/factories.ts';

/** A chain of two nodes that take a minute each, on virtual time. */
function aSlowChain() {
  const clock = new VirtualClock();
  const calls: string[] = [];
  const slow = defineNode({
    type: 'slow',
    async execute(_input, { nodeId, signal }) {
      calls.push(nodeId);
      await sleep(clock, 60_000, signal);
      return nodeId;
    },
  });
  const executor = new WorkflowExecutor({ clock, handlers: [slow] });
  const definition = aDefinition(
    {
      a: aTask({ handler: 'slow', timeoutSeconds: 100 }),
      b: aTask({ handler: 'slow', timeoutSeconds: 100, dependsOn: ['a'] }),
    },
    { config: { timeoutSeconds: 3_600 } },
  );
  return { clock, calls, executor, definition: definition as never };
}

/** Waits for a promise while time goes on. */
async function ended<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const watched = promise.finally(() => {
    isOver = true;
  });
  watched.catch(() => undefined);
  await clock.runUntil(() => isOver, 7_200_000);
  return watched;
}

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
    const { clock, calls, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null);
    await clock.pass(10_000);

    await handle.pause();
    const result = await ended(clock, handle.result());

    expect(essence(result)).toEqual({
      status: 'PAUSED',
      success: true,
      paused: true,
      cancelled: false,
      output: undefined,
      partialResults: { a: 'a' },
    });
    expect(calls).toEqual(['a']);
    await executor.close();
  });

  it('goes on where it stood when it is resumed', async () => {
    const { clock, calls, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null);
    await clock.pass(10_000);
    await handle.pause();
    await ended(clock, handle.result());

    await handle.resume();
    const result = await ended(clock, handle.result());

    expect(essence(result)).toMatchObject({ status: 'SUCCEEDED', output: 'b' });
    expect(calls).toEqual(['a', 'b']);
    await executor.close();
  });

  it('that comes while the last node runs is no pause: the execution ends', async () => {
    const { clock, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null);
    await clock.pass(90_000);

    await handle.pause();
    const result = await ended(clock, handle.result());

    expect(result.status).toBe('SUCCEEDED');
    await executor.close();
  });

  it('twice is answered clearly', async () => {
    const { clock, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null);
    await handle.pause();

    await expect(handle.pause()).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await ended(clock, executor.close());
  });

  it('that is cancelled ends as cancelled, not as paused', async () => {
    const { clock, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null);
    await clock.pass(10_000);
    await handle.pause();
    await ended(clock, handle.result());

    await handle.cancel();
    const result = await ended(clock, handle.result());

    expect(essence(result)).toMatchObject({
      status: 'CANCELLED',
      paused: false,
      cancelled: true,
      partialResults: { a: 'a' },
    });
    await executor.close();
  });
});

describe('a cancel', () => {
  it('ends with what stood, and nothing more starts', async () => {
    const { clock, calls, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null);
    await clock.pass(70_000);

    await handle.cancel();
    const result = await ended(clock, handle.result());

    expect(essence(result)).toMatchObject({ status: 'CANCELLED', success: false });
    expect(calls).toEqual(['a', 'b']);
    await executor.close();
  });

  it.each(['cancel', 'pause', 'resume'] as const)(
    'after the end, and a %s, is answered clearly and changes nothing',
    async (action) => {
      const { clock, executor, definition } = aSlowChain();
      const handle = await executor.start(definition, null);
      const before = await ended(clock, handle.result());

      await expect(handle[action]()).rejects.toMatchObject({ code: 'INVALID_STATE' });

      expect(await handle.result()).toEqual(before);
      await executor.close();
    },
  );
});

describe('a start', () => {
  it('with the id and request of an earlier one finds that', async () => {
    const { clock, calls, executor, definition } = aSlowChain();

    const [first, second] = [
      await executor.start(definition, 1, { executionId: 'same' }),
      await executor.start(definition, 1, { executionId: 'same' }),
    ];
    await ended(clock, Promise.all([first.result(), second.result()]));

    expect(calls).toEqual(['a', 'b']);
    await executor.close();
  });

  it('with the id of an earlier one and another request is refused', async () => {
    const { clock, executor, definition } = aSlowChain();
    await executor.start(definition, 1, { executionId: 'same' });

    await expect(executor.start(definition, 2, { executionId: 'same' })).rejects.toMatchObject({
      code: 'EXECUTION_EXISTS',
    });
    await ended(clock, executor.close());
  });
});

describe('an execution over its time', () => {
  it('ends TIMED_OUT with partial results, within a second', async () => {
    const { clock, executor, definition } = aSlowChain();
    const handle = await executor.start(definition, null, { config: { timeoutSeconds: 90 } });
    const startedAtMs = clock.nowMs();

    const result = await ended(clock, handle.result());

    expect(essence(result)).toMatchObject({ status: 'TIMED_OUT', success: false });
    expect((result.endedAtMs ?? 0) - startedAtMs).toBeLessThanOrEqual(91_000);
    await executor.close();
  });
});
