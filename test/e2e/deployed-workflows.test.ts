import { ScanCommand } from '@aws-sdk/client-dynamodb';
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
      executionRetention: Duration.days(10),
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

  it('keeps executions as long as it is to: each item of one expires, and none may take longer', async () => {
    await using executor = new WorkflowExecutor(stack.connection);
    const { executionId } = await executor.execute('doubling', { n: 1 });
    for await (const _event of executor.get(executionId).events());

    const { Items = [] } = await stack.clients.dynamo.send(new ScanCommand({ TableName: stack.tableNames[0] }));
    const tooLong = executor.start('doubling', { n: 1 }, { config: { timeoutSeconds: 1_000_000 } });

    await expect(tooLong).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const types = new Map(Items.map(({ pk, sk, expiresAtS }) => [sk?.S?.split('#')[0], [pk?.S, expiresAtS?.N]]));
    expect([...types.keys()]).toEqual(expect.arrayContaining(['META', 'RESULT', 'EVENT', 'PUBLISHED']));
    for (const [pk, expiresAtS] of types.values()) expect(expiresAtS !== undefined).toBe(pk?.startsWith('EXEC#'));
  });

  it("runs the nodes of a pool with its own memory in the pool's own function", async () => {
    await using executor = new WorkflowExecutor(stack.connection);

    const { output } = await executor.execute('doubling', { n: 21 });

    expect(output).toEqual({ a: 42, b: 10 });
    expect(stack.invocations()).toMatchObject({ 'NodeRunner-large': 2 });
  });
});
