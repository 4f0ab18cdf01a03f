import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { historyProblems } from '../support/history-agreement.ts';
import { aLocalStack } from '../support/local-stack.ts';

const definition: DefinitionInput = {
  name: 'monitored',
  config: { traceExecution: true },
  nodes: {
    a: { handler: 'double', input: { n: 1, waitMs: 0 } },
    b: { handler: 'double', input: { n: 2, waitMs: 0 } },
    total: { handler: 'sum', dependsOn: ['a', 'b'] },
  },
};

describe.skipIf(!canRunEmulators())('monitoring on the functions', () => {
  let stack: LocalStack;
  let lines: string[];
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack());
  });
  afterAll(() => stack?.stop());

  it('tells events and calls callbacks, in order and once, while the stack runs', async () => {
    await using executor = new WorkflowExecutor({ ...stack.connection, logLevel: 'error' });
    const heard: unknown[] = [];
    executor.callbacks.addHandler({
      onWorkflowStart: (id) => heard.push(['start', id]),
      onNodeStart: (id) => heard.push(['node start', id]),
      onNodeComplete: (id, output) => heard.push(['node', id, output]),
      onWorkflowComplete: (id, output) => heard.push(['end', id, output]),
    });

    const result = await executor.execute(definition, null);
    const handle = executor.get(result.executionId);
    const { events } = await handle.history();

    expect(historyProblems(events, (await handle.results()).results)).toEqual([]);
    expect(heard).toHaveLength(8);
    expect(heard[0]).toEqual(['start', 'monitored']);
    expect(heard).toContainEqual(['node', 'a', 2]);
    expect(heard.at(-1)).toEqual(['end', 'monitored', result.output]);
    expect((await executor.list({ workflow: 'monitored' })).executions[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(lines.filter((line) => /"level":"error"/.test(line))).toEqual([]);
  });

  it('sums up metrics once their minute is over', { timeout: 90_000 }, async () => {
    await using executor = new WorkflowExecutor(stack.connection);
    await executor.execute({ ...definition, name: 'counted' }, null);

    await expect
      .poll(async () => (await executor.metrics('counted')).totalExecutions, { timeout: 75_000, interval: 500 })
      .toBe(1);

    expect((await executor.metrics('counted')).nodeExecutionTimes).toMatchObject({
      a: { count: 1 },
      total: { count: 1 },
    });
  });
});
