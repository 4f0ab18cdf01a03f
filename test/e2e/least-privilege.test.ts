import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { ExecutionId, NodeId } from '../../shared/model/ids.ts';
import { LIMITS } from '../../shared/model/limits.ts';
import type { TaskMessage } from '../../shared/model/message.ts';
import { grantsOf } from '../infra/grants.ts';
import { synthesized } from '../infra/synthesized.ts';
import { ApiCalls } from '../support/api-calls.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

const LONG = 'It has more to say than an item holds. '.repeat(50);

/** Its definition, and the input an event makes, are too large for an item. */
const triggered: DefinitionInput = {
  name: 'triggered',
  nodes: Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`n${n}`, { type: 'transform' as const, description: LONG, output: n }]),
  ),
  triggers: [{ id: 'told', type: 'event', pattern: { source: ['tests'] } }],
};

/** Who ends last reads the results of the two others. */
const joined: DefinitionInput = {
  name: 'joined',
  nodes: {
    a: { type: 'transform', output: 1 },
    b: { type: 'transform', output: 2 },
    c: { type: 'transform', output: 3 },
    join: { type: 'transform', dependsOn: ['a', 'b', 'c'], output: '{% $input %}' },
  },
};

/** Work of an execution that is gone: nobody can settle it. */
const ofNothing: TaskMessage = {
  v: 1,
  executionId: ExecutionId.parse('gone'),
  run: 1,
  queuedAtMs: 0,
  kind: 'node',
  node: NodeId.parse('a'),
  visit: 1,
  attempt: 1,
};

/** What IAM calls it, by what the ledger of the local stack does. */
const ACTIONS: Readonly<Record<string, string>> = {
  GetItem: 'dynamodb:GetItem',
  BatchGetItem: 'dynamodb:BatchGetItem',
  Query: 'dynamodb:Query',
  PutItem: 'dynamodb:PutItem',
  UpdateItem: 'dynamodb:UpdateItem',
  'GET Object': 's3:GetObject',
  'PUT Object': 's3:PutObject',
  SendMessage: 'sqs:SendMessage',
  SendMessageBatch: 'sqs:SendMessage',
  ReceiveMessage: 'sqs:ReceiveMessage',
  DeleteMessage: 'sqs:DeleteMessage',
  ChangeMessageVisibility: 'sqs:ChangeMessageVisibility',
  PutEvents: 'events:PutEvents',
};

/** What Lambda does by a function's role, and what no request shows. */
const OF_LAMBDA: Readonly<Record<string, string>> = {
  'logs:CreateLogStream': 'Lambda writes the log',
  'logs:PutLogEvents': 'the same',
  'dynamodb:DescribeStream': 'Lambda reads the stream',
  'dynamodb:GetRecords': 'the same',
  'dynamodb:GetShardIterator': 'the same',
  'dynamodb:ListStreams': 'the same',
  'sqs:ReceiveMessage': 'Lambda reads the queues of the node runner and of the dead-letter function',
  'sqs:DeleteMessage': 'the same',
  'sqs:ChangeMessageVisibility': 'the same',
  'sqs:GetQueueAttributes': 'the same; and its library asks for it where records are given up',
  'sqs:GetQueueUrl': 'the same',
  's3:ListBucket': 'is never called: without it S3 answers 403, not 404, for an object that is not there',
};

/** By function, what it calls too seldom for a test to wait for it. */
const UNSEEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ApiFunction: {
    'events:PutEvents': 'what the observer gave up, and a redrive of its records tells (api.test.ts)',
  },
  Scheduler: {},
  NodeRunner: {
    'lambda:InvokeFunction': 'after a deploy, work of executions that are pinned (upgrade.test.ts)',
  },
  DeadLetter: {
    's3:GetObject': 'a definition, an input or an output over 8 KB that the catch of a crashed node names',
    's3:PutObject': 'the output of such a catch, over 8 KB',
    'dynamodb:BatchGetItem': 'results that the catch of a crashed node names',
    'dynamodb:Query': 'earlier visits and earlier runs of a crashed node',
    'dynamodb:UpdateItem': 'work of a paused execution is parked',
    'sqs:SendMessage': 'what a crashed runner had written the result of, and not handed off',
  },
  Sweep: {
    'dynamodb:GetItem': 'a definition of what it repairs, the first time',
    's3:GetObject': 'a definition or an output over 8 KB of what it ends',
    's3:PutObject': 'the output over 8 KB of what it ends',
    'dynamodb:PutItem': 'a checkpoint or a state of what it repairs',
    'sqs:SendMessage': 'work that was lost is sent again; Lambda notes a sweep that failed',
  },
  Trigger: {},
  Publisher: {},
  Observer: {
    'dynamodb:GetItem': 'the execution of a node that it tells of, of which it heard no beginning',
    'sqs:SendMessage': 'Lambda notes what it gave up',
  },
};

describe.skipIf(!canRunEmulators())('what functions ask of AWS', () => {
  let stack: LocalStack;
  let called: Map<string, Set<string>>;
  const { template, outdir } = synthesized({ workflows: [triggered] });
  rmSync(outdir, { recursive: true });
  beforeAll(async () => {
    ({ stack } = await aLocalStack({
      // What crashes takes its batch along; of a named pool each message has its own.
      pools: { fragile: { size: 2 } },
      isMetered: true,
      visibilityTimeoutSeconds: 1,
      tumblingWindowSeconds: 1,
      workflows: [triggered],
    }));
    await askForEverything(stack);
    called = new Map();
    for (const { caller, operation } of stack.ledger.entries) {
      const action = ACTIONS[operation];
      if (caller === undefined || operation.startsWith('Invoke')) continue;
      called.set(caller, (called.get(caller) ?? new Set()).add(action ?? `unknown: ${operation}`));
    }
  }, 240_000);
  afterAll(() => stack?.stop());

  it.each(Object.entries(UNSEEN))(
    '%s calls nothing it is not granted, and is granted nothing without a use',
    (role, unseen) => {
      const granted = [...new Set(grantsOf(template, role).flatMap(({ actions }) => actions))];
      const calls = called.get(role) ?? new Set();
      const explained = new Set([...Object.keys(OF_LAMBDA), ...Object.keys(unseen)]);

      expect(calls.size).toBeGreaterThan(0);
      expect([...calls].filter((action) => !granted.includes(action))).toEqual([]);
      expect(granted.filter((action) => !calls.has(action) && !explained.has(action))).toEqual([]);
      expect(Object.keys(unseen).filter((action) => !granted.includes(action))).toEqual([]);
    },
  );
});

/** What makes the functions do all that they do every day, and some of what they do seldom. */
async function askForEverything(stack: LocalStack): Promise<void> {
  await using executor = new WorkflowExecutor(stack.connection);
  const api = new ApiCalls(stack);
  // Takes a while: five deliveries.
  const crashing = await executor.start(
    { name: 'crashing', nodes: { a: { handler: 'crash', pool: 'fragile' } } },
    null,
  );
  const waiting = await executor.start(
    {
      name: 'waiting',
      // Longer than its first attempt takes to come, so that it is the sweep that finds it late.
      config: { timeoutSeconds: 8 },
      nodes: { never: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 600 } } },
    },
    null,
  );
  // It stops what is late, and ends it when running nodes have had their time.
  await until('what is late has ended', async () => {
    await stack.invoke('Sweep');
    return (await waiting.describe()).status === 'TIMED_OUT';
  });
  // Its first attempt or its second finds it paused, and is parked.
  const paused = await executor.start(
    { name: 'paused', nodes: { a: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 5 } } } },
    null,
  );
  await paused.pause();
  await executor.execute(joined, null);
  const { executionId } = await executor.execute(large, { text: 'x'.repeat(LIMITS.packedPayloadBytes) });
  await stack.clients.sqs.send(
    new SendMessageCommand({
      QueueUrl: stack.queueUrls['Pool-default/UnsettledQueue'],
      MessageBody: JSON.stringify(ofNothing),
    }),
  );
  const paths = ['', '/results?outputs=inline', '/events', '/definition', '/checkpoints', '/billed-operations'];
  for (const path of paths.map((end) => `/executions/${executionId}${end}`)) await api.get(path);
  for (const path of ['/executions', '/workflows', '/dead-letters', '/workflows/large/metrics']) await api.get(path);
  await api.post('/dead-letters/redrive', { pool: 'default' });

  await stack.clients.events.send(
    new PutEventsCommand({
      Entries: [
        { Source: 'tests', DetailType: 'T', Detail: JSON.stringify({ text: 'x'.repeat(LIMITS.packedPayloadBytes) }) },
      ],
    }),
  );
  await until('an event has started a workflow', async () => {
    const { executions } = await executor.list({ workflow: 'triggered' });
    return executions.length > 0;
  });

  const isFailed = (handle: ExecutionHandle) => async () => (await handle.describe()).status === 'FAILED';
  await until('work is parked', () => hasParked(stack, paused.executionId));
  await stack.invoke('Sweep');
  await paused.resume();
  await until('what was parked has failed', isFailed(paused));
  await until('what crashes has failed', isFailed(crashing));
  await crashing.redrive();
  await until('what crashes has failed again', isFailed(crashing));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not within 90 s: ${what}`);
    await delay(250);
  }
}

async function hasParked(stack: LocalStack, executionId: string): Promise<boolean> {
  const { Item } = await stack.clients.dynamo.send(
    new GetItemCommand({
      TableName: stack.tableNames[0],
      Key: { pk: { S: `EXEC#${executionId}` }, sk: { S: 'META' } },
    }),
  );
  return (Item?.parked?.SS?.length ?? 0) > 0;
}

/** Its definition, an output and the output of the whole are too large for an item. */
const large: DefinitionInput = {
  name: 'large',
  nodes: {
    ...Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`n${n}`, { type: 'transform' as const, description: LONG, output: n }]),
    ),
    a: { type: 'transform', output: '{% { "text": $input.text, "n": 1 } %}' },
    b: { handler: 'double', dependsOn: ['a'], input: '{% { "n": $nodes.a.n } %}' },
    m: { type: 'map', handler: 'double', items: '{% [1..30].{ "n": $ } %}', chunkSize: 5, dependsOn: ['b'] },
    again: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 0 }, catch: [{ errors: ['*'] }] },
    copy: { type: 'transform', dependsOn: ['m'], output: '{% $nodes.a %}' },
    copyAgain: { type: 'transform', dependsOn: ['m'], output: '{% $nodes.a %}' },
  },
};
