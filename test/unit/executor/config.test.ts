import { describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { aDefinition, aTransform } from '../../support/factories.ts';

const aStarted = async (executor: object, workflow: object, start: object) => {
  await using engine = new WorkflowExecutor({ config: executor });
  const handle = await engine.start(aDefinition({ a: aTransform() }, { config: { ...workflow } }) as never, null, {
    config: start,
  });
  return (await handle.describe()).config;
};

describe('a config', () => {
  it('has its defaults where nobody says otherwise', async () => {
    expect(await aStarted({}, {}, {})).toMatchObject({
      maxParallelNodes: 10,
      timeoutSeconds: 300,
      maxRetries: 3,
      retryFailedNodes: false,
    });
  });

  it('of a start goes before the workflow’s, and that before the executor’s, field by field', async () => {
    const config = await aStarted(
      { maxParallelNodes: 1, timeoutSeconds: 11, maxRetries: 1, checkpointInterval: 1 },
      { maxParallelNodes: 2, timeoutSeconds: 12, maxRetries: 2 },
      { maxParallelNodes: 4, timeoutSeconds: 14 },
    );

    expect(config).toMatchObject({ maxParallelNodes: 4, timeoutSeconds: 14, maxRetries: 2, checkpointInterval: 1 });
  });

  it.each([
    [{ maxParallelNodes: 0 }],
    [{ maxParallelNodes: 10_001 }],
    [{ maxParallelNodes: 1.5 }],
    [{ timeoutSeconds: -1 }],
    [{ timeoutSeconds: Number.NaN }],
    [{ timeoutSeconds: Number.POSITIVE_INFINITY }],
    [{ maxRetries: 101 }],
    [{ checkpointInterval: 0 }],
    [{ retries: 3 }],
    [{ retryFailedNodes: 'yes' }],
  ])('%j is refused, wherever it is said', async (config) => {
    expect(() => new WorkflowExecutor({ config: config as never })).toThrow();
    await expect(aStarted({}, config, {})).rejects.toThrow();
    await expect(aStarted({}, {}, config)).rejects.toThrow();
  });
});
