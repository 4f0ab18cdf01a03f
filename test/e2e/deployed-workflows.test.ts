import { Duration } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { ApiCalls } from '../support/api-calls.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

describe.skipIf(!canRunEmulators())('a stack with workflows and pools of its own', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    ({ stack } = await aLocalStack({
      workflows: [
        {
          name: 'doubling',
          nodes: { a: { handler: 'double' }, b: { handler: 'double', pool: 'large', input: { n: 5 } } },
        },
      ],
      pools: { large: { memorySize: 512, timeout: Duration.minutes(10) } },
    }));
  }, 120_000);
  afterAll(() => stack?.stop());

  it('has published them before its first request, and publishes nothing twice', async () => {
    const api = new ApiCalls(stack);
    const versions = () => api.get('/workflows/doubling/versions');
    const before = await versions();

    const again = await stack.invoke('Publisher');

    expect(again).toEqual({ ok: true, result: null });
    expect(before.body).toMatchObject({ versions: [{ workflow: 'doubling', version: 1 }] });
    expect((await versions()).body).toEqual(before.body);
  });

  it("runs the nodes of a pool with its own memory in the pool's own function", async () => {
    await using executor = new WorkflowExecutor(stack.connection);

    const { output } = await executor.execute('doubling', { n: 21 });

    expect(output).toEqual({ a: 42, b: 10 });
    expect(stack.invocations()).toMatchObject({ NodeRunner: 1, 'NodeRunner-large': 1 });
  });
});
