import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { defineWorkflow } from '../../../shared/nodes/define-workflow.ts';
import { PUBLISHING_CONFIG, publishingSuite } from '../../support/publishing-suite.ts';

describe('workflows in a local database', () => {
  const executor = new WorkflowExecutor({ config: PUBLISHING_CONFIG });
  afterAll(() => executor.close());

  publishingSuite(() => executor);
});

describe('a workflow published from code', () => {
  const double = defineNode({ type: 'double', input: z.number(), output: z.number(), execute: (n) => 2 * n });
  const doubling = defineWorkflow({ name: 'doubling', input: z.number(), nodes: { only: { handler: double } } });

  it('runs by its name, with the handlers it came with', async () => {
    await using executor = new WorkflowExecutor();
    await executor.publish(doubling);

    expect(await executor.execute('doubling', 21)).toMatchObject({ status: 'SUCCEEDED', output: 42 });
  });

  it('is not started where nobody has its handlers', async () => {
    await using executor = new WorkflowExecutor();
    await executor.workflows.publish(doubling.definition);

    await expect(executor.start('doubling', 21)).rejects.toMatchObject({ code: 'UNREGISTERED_HANDLER' });
    expect((await executor.list()).executions).toEqual([]);
  });

  it('is refused where there is no such pool', async () => {
    await using executor = new WorkflowExecutor();
    const definition = { name: 'pooled', nodes: { only: { handler: 'double', pool: 'gpu' } } };

    await expect(executor.publish(definition)).rejects.toMatchObject({ code: 'INVALID_DEFINITION' });
    expect((await executor.workflows.validate(definition)).issues).toMatchObject([{ code: 'UNKNOWN_POOL' }]);
  });
});
