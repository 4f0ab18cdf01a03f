import { setTimeout as delay } from 'node:timers/promises';
import { PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchStatus } from '../../infra/local/fetch-status.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { ExecutionStore } from '../../shared/store/execution-store.ts';
import { ADVANCE } from '../support/advance.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack, ended, request, start, waitFor } from '../support/local-stack.ts';

/** `width` nodes beside each other and one that sums up what they give. */
function fanOut(width: number, waitMs = 0): DefinitionInput {
  const branches = Array.from(
    { length: width },
    (_, n) => [`branch${n}`, { handler: 'double', input: { n, waitMs } }] as const,
  );
  return {
    name: 'fan-out',
    config: { maxParallelNodes: 8 },
    nodes: { ...Object.fromEntries(branches), total: { handler: 'sum', dependsOn: branches.map(([id]) => id) } },
  };
}
/** As they stand in the table, in the words of DynamoDB. */
async function itemsOf(stack: LocalStack, executionId: string, prefix = '') {
  const { Items = [] } = await stack.clients.dynamo.send(
    new QueryCommand({
      TableName: stack.tableNames[0],
      KeyConditionExpression: `pk = :pk${prefix === '' ? '' : ' AND begins_with(sk, :prefix)'}`,
      ExpressionAttributeValues: {
        ':pk': { S: `EXEC#${executionId}` },
        ...(prefix !== '' && { ':prefix': { S: prefix } }),
      },
      ConsistentRead: true,
    }),
  );
  return Items;
}
const totalOf = (width: number): number => width * (width - 1);

describe.skipIf(!canRunEmulators())('the local stack', () => {
  let stack: LocalStack;
  let lines: string[];
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack({ visibilityTimeoutSeconds: 1, isMetered: true, advance: ADVANCE }));
  });
  afterAll(() => stack?.stop());

  it('runs a workflow from its start by HTTP to its end', async () => {
    const executionId = await start(stack, fanOut(5));
    const outcome = await ended(stack, executionId);

    expect(outcome).toMatchObject({
      description: { status: 'SUCCEEDED', progress: { succeeded: 6 } },
      output: totalOf(5),
    });
  });

  it('keeps one result for each node, in the table of the template', async () => {
    const executionId = await start(stack, fanOut(3));
    await ended(stack, executionId);

    const items = await itemsOf(stack, executionId);
    // The history may be written by now, or not yet.
    expect(items.map(({ sk }) => sk?.S).filter((sk) => sk?.startsWith('EVENT#') === false)).toEqual([
      'META',
      'RESULT#branch0#000001#0001',
      'RESULT#branch1#000001#0001',
      'RESULT#branch2#000001#0001',
      'RESULT#total#000001#0001',
      'STATE',
    ]);
  });

  it('passes outputs on that are far larger than an item', async () => {
    const definition: DefinitionInput = {
      name: 'large',
      nodes: {
        large: { handler: 'large' },
        length: { handler: 'length', dependsOn: ['large'] },
      },
    };

    const outcome = await ended(stack, await start(stack, definition));

    expect(outcome.output).toBe(20_000_000);
  });

  it('packs values that are long, and gives them back as they were', async () => {
    const orders = Array.from({ length: 100 }, (_, n) => ({ orderId: `ord-${n * 7919}`, status: 'paid' }));
    const definition: DefinitionInput = { name: 'orders', nodes: { paid: { type: 'transform', output: '{% $ %}' } } };

    const executionId = await start(stack, definition, orders);
    const outcome = await ended(stack, executionId);

    const [meta, result] = await Promise.all(['META', 'RESULT#paid'].map((sk) => itemsOf(stack, executionId, sk)));
    expect(outcome.output).toEqual(orders);
    expect([meta?.[0]?.input, result?.[0]?.output].map((value) => Object.keys(value?.M ?? {}).sort())).toEqual([
      ['bytes', 'packed'],
      ['bytes', 'packed'],
    ]);
  });

  it('refuses bodies that are no JSON, that name a node twice, and that are too large', async () => {
    const refuse = async (body: string) => {
      const { status, type, body: problem } = await request(stack, 'POST', '/executions', body);
      return { status, type, problem };
    };

    expect(await refuse('{ "definition": ')).toMatchObject({
      status: 400,
      type: 'application/problem+json',
      problem: { title: 'MALFORMED_JSON' },
    });
    expect(await refuse('{ "definition": { "name": "x", "nodes": { "a": {}, "a": {} } } }')).toMatchObject({
      status: 400,
      problem: { title: 'DUPLICATE_KEY' },
    });
    expect(await refuse(JSON.stringify({ input: 'x'.repeat(5_600_000) }))).toMatchObject({
      status: 413,
      problem: { title: 'REQUEST_TOO_LARGE' },
    });
    expect(await refuse(JSON.stringify({ input: 'x'.repeat(7_000_000) }))).toMatchObject({
      status: 413,
      type: 'application/json',
    });
    expect(await refuse(JSON.stringify({ input: 'x'.repeat(11_000_000) }))).toMatchObject({
      status: 413,
      type: 'application/json',
    });
    expect(
      await refuse(
        JSON.stringify({ definition: { name: 'cyclic', nodes: { a: { handler: 'sum', dependsOn: ['a'] } } } }),
      ),
    ).toMatchObject({
      status: 400,
      problem: { title: 'INVALID_DEFINITION' },
    });
  });

  it('answers 404 itself where there is no route, and by its function where there is no execution', async () => {
    const invocations = () => stack.invocations().ApiFunction ?? 0;
    const before = invocations();

    expect(await request(stack, 'GET', '/nothing')).toMatchObject({ status: 404, body: { message: 'Not Found' } });
    expect(await request(stack, 'DELETE', '/executions/x')).toMatchObject({ status: 404 });
    expect(invocations()).toBe(before);
    expect(await request(stack, 'GET', '/executions/x')).toMatchObject({
      status: 404,
      body: { title: 'EXECUTION_NOT_FOUND' },
    });
    expect(invocations()).toBe(before + 1);
  });

  it('answers 409 with the state to what the state does not allow', async () => {
    const executionId = await start(stack, fanOut(2));
    await ended(stack, executionId);

    for (const action of ['pause', 'resume', 'cancel', 'redrive'])
      expect(await request(stack, 'POST', `/executions/${executionId}/${action}`)).toMatchObject({
        status: 409,
        body: { title: 'INVALID_STATE', details: { status: 'SUCCEEDED', action } },
      });
  });

  it('invokes the scheduler for what concerns it only', async () => {
    const before = stack.invocations().Scheduler ?? 0;
    const node = { handler: 'double', input: { n: 1 } };
    const inARow = await start(stack, { name: 'inARow', nodes: { a: node, b: { ...node, dependsOn: ['a'] } } });
    await ended(stack, inARow);
    await delay(300);

    const forARow = (stack.invocations().Scheduler ?? 0) - before;
    const each = { type: 'map', handler: 'double', items: '{% [{ "n": 1 }] %}' };
    await ended(stack, await start(stack, { name: 'mapped', nodes: { each } }));
    await delay(300);
    const forAMap = (stack.invocations().Scheduler ?? 0) - before - forARow;

    expect({ forARow, forAMap }).toEqual(
      ADVANCE === 'eager'
        ? // Its runner does it all; of the map the start, the plan and the chunk. Neither its own saves nor the result and the end.
          { forARow: 0, forAMap: 3 }
        : // The start and each result; but not its own saves and the end.
          { forARow: 3, forAMap: 4 },
    );
  });

  it('ends right although its runner is killed in the middle', async () => {
    const executionId = await start(stack, fanOut(3, 500));
    await waitFor(stack, executionId, ({ progress }) => progress.running.length > 0);
    await expect.poll(() => stack.killWorker('NodeRunner')).toBe(true);

    const outcome = await ended(stack, executionId);

    expect(outcome).toMatchObject({ description: { status: 'SUCCEEDED' }, output: totalOf(3) });
    expect(lines).toContainEqual(expect.stringContaining('the worker was killed'));
  });

  it('ends right although its scheduler is killed six times, each time in the middle of its work', async () => {
    // Wider than its limit: nothing of it starts without the scheduler.
    const definition = fanOut(40, 20);
    const asked = () =>
      stack.ledger.entries.filter(({ caller, operation }) => caller === 'Scheduler' && operation !== 'Invoke').length;
    let kills = 0;
    let seen = asked();
    // It has read what it is to go on from, or also saved where that leads to, and hears of neither.
    const killing = setInterval(() => {
      if (kills === 6 || asked() < seen + 1 + (kills % 2)) return;
      if (stack.killWorker('Scheduler')) kills++;
      seen = asked();
    }, 1);

    const executionId = await start(stack, definition);
    const outcome = await ended(stack, executionId);
    clearInterval(killing);

    expect(kills).toBe(6);
    expect(outcome).toMatchObject({ description: { status: 'SUCCEEDED' }, output: totalOf(40) });
  });

  it('gives a node up whose handler takes its runner down each time', async () => {
    const executionId = await start(stack, { name: 'crashing', nodes: { crash: { handler: 'crash' } } });
    const { description } = await ended(stack, executionId);

    expect(description).toMatchObject({ status: 'FAILED', failedNode: 'crash', error: { name: 'RunnerCrashed' } });
    const { Attributes } = await stack.clients.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: stack.queueUrls['Pool-default/DeadLetterQueue'],
        AttributeNames: ['All'],
      }),
    );
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '0' });
  });

  it('takes down no other node with one whose handler kills its process', async () => {
    const others = Array.from({ length: 9 }, (_, n) => [`other${n}`, { handler: 'double', input: { n } }] as const);
    const executionId = await start(stack, {
      name: 'crasher-beside-others',
      nodes: {
        ...Object.fromEntries(others),
        crash: { handler: 'crash', catch: [{ errors: ['RunnerCrashed'], output: 'crashed' }] },
      },
    });

    const { description, output } = await ended(stack, executionId);

    expect(description.status).toBe('SUCCEEDED');
    expect(output).toEqual({
      ...Object.fromEntries(others.map(([id, { input }]) => [id, 2 * input.n])),
      crash: 'crashed',
    });
  });

  it('has its sweep stop what only waits and is over its deadline', async () => {
    const executionId = await start(stack, {
      name: 'waiting',
      config: { timeoutSeconds: 3 },
      nodes: { never: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 600 } } },
    });
    // Its only attempt for now is over: who looks at it until its deadline, and long after, is the sweep.
    await expect.poll(async () => (await itemsOf(stack, executionId, 'ATTEMPT#')).length, { timeout: 30_000 }).toBe(1);
    const [before] = await itemsOf(stack, executionId, 'META');
    await delay(Math.max(0, Number(before?.startedAtMs?.N) + 3_100 - Date.now()));

    await stack.invoke('Sweep');

    const [after] = await itemsOf(stack, executionId, 'META');
    expect(after?.stop?.M?.reason?.S).toBe('TIMED_OUT');
  });

  it('has its sweep watch starts, and send the first nodes of one that died before it did', async () => {
    const [tableName = ''] = stack.tableNames;
    const executions = new ExecutionStore(new DynamoItemTable({ client: stack.clients.dynamo, tableName }), 'tests');
    const other = await executions.loadMeta(ExecutionId.parse(await start(stack, fanOut(2))));
    if (other === undefined) throw new Error('What was started is there');
    const executionId = ExecutionId.parse('died-at-its-start');
    const startedAtMs = Date.now() - 3_600_000;
    await executions.create({
      ...{ executionId, workflow: other.workflow, definitionHash: other.definitionHash, input: other.input },
      ...{ isEager: true, isHandedOff: true, startedAtMs, requestDigest: 'another' },
      config: { ...other.config, timeoutSeconds: 7_200 },
    });
    await executions.saveWatchedTo(startedAtMs - 1);

    await stack.invoke('Sweep');

    expect(await ended(stack, executionId)).toMatchObject({ description: { status: 'SUCCEEDED' }, output: totalOf(2) });
    expect(await executions.loadWatchedTo()).toBeGreaterThan(startedAtMs);
  });

  it('shows what it is at', async () => {
    const { queues, streams, functions, rules } = await fetchStatus(stack.adminUrl);

    expect(queues).toContainEqual(
      expect.objectContaining({ name: 'Pool-default/DeadLetterQueue', deadLettersOf: ['Pool-default/Queue'] }),
    );
    expect(streams.map(({ name }) => name)).toEqual(['Scheduler', 'Observer']);
    expect(streams.every(({ settled, filtered }) => settled > 0 && filtered > 0)).toBe(true);
    expect(functions.find(({ name }) => name === 'NodeRunner')).toMatchObject({
      invocations: expect.any(Number),
      failures: expect.arrayContaining([expect.objectContaining({ message: 'the worker was killed' })]),
    });
    expect(rules).toContainEqual(expect.objectContaining({ name: 'SweepSchedule/Rule', on: 'rate(1 minute)' }));
  });

  it('gives up a record that can never be advanced, notes it, and goes on', async () => {
    const pk = 'EXEC#poison';
    const poison = { pk: { S: pk }, sk: { S: 'META' }, status: { S: 'RUNNING' } };
    await stack.clients.dynamo.send(new PutItemCommand({ TableName: stack.tableNames[0], Item: poison }));
    const QueueUrl = stack.queueUrls['Stream/GivenUp'];

    const { Messages = [] } = await stack.clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }),
    );

    expect(JSON.parse(Messages[0]?.Body ?? '')).toEqual({
      requestContext: {
        requestId: expect.any(String),
        functionArn: expect.stringMatching(/:function:.*(Scheduler|Observer)/),
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: expect.any(Number),
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.stringMatching(/Z$/),
      DDBStreamBatchInfo: {
        shardId: expect.stringMatching(/^shardId-/),
        startSequenceNumber: expect.stringMatching(/^\d+$/),
        endSequenceNumber: expect.stringMatching(/^\d+$/),
        approximateArrivalOfFirstRecord: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        approximateArrivalOfLastRecord: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        batchSize: 1,
        streamArn: expect.stringContaining('/stream/'),
      },
    });
    expect(lines).toContainEqual(expect.stringContaining(pk));
    expect((await ended(stack, await start(stack, fanOut(2)))).output).toBe(totalOf(2));
  });
});

describe.skipIf(!canRunEmulators())('the local stack, disturbed', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    ({ stack } = await aLocalStack({
      visibilityTimeoutSeconds: 1,
      advance: ADVANCE,
      faults: { duplicate: 0.5, delay: 40, reorder: 0.3, crash: 0.02, throttle: 0.05 },
      seed: 7,
      pools: { slow: { size: 2 } },
    }));
  });
  afterAll(() => stack?.stop());

  it('comes to the same end when deliveries are late and come twice', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => start(stack, fanOut(12, 10))));

    const outcomes = await Promise.all(ids.map((id) => ended(stack, id)));

    expect(outcomes.map(({ output }) => output)).toEqual(Array(4).fill(totalOf(12)));
  });

  it('runs the nodes of a named pool, by its own queue', async () => {
    const nodes = { slow: { handler: 'double', pool: 'slow', input: { n: 4 } } };

    const outcome = await ended(stack, await start(stack, { name: 'pooled', nodes }));

    expect(outcome.output).toBe(8);
    expect(Object.keys(stack.queueUrls)).toContain('Pool-slow/Queue');
  });
});

it.skipIf(!canRunEmulators())('a stopped stack answers nobody', async () => {
  const { stack } = await aLocalStack();
  await stack.stop();

  await expect(fetch(`${stack.url}/executions/x`)).rejects.toThrow();
});
