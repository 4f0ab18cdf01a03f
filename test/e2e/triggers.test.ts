import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type Message, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TriggersProps } from '../../infra/constructs/workflow-triggers.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import type { ExecutionOutcome } from '../../shared/executor/description.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack, ended, request } from '../support/local-stack.ts';

/** Gives its input: what the trigger has made of the event. */
const echo = { type: 'transform', output: '{% $input %}' } as const;

const orders: DefinitionInput = {
  name: 'orders',
  nodes: { echo },
  triggers: [
    {
      id: 'placed',
      type: 'event',
      pattern: { source: ['shop'], 'detail-type': ['Order placed'], detail: { total: [{ numeric: ['>', 0] }] } },
      input: { order: '{% $event.detail.order %}', by: 'event' },
    },
    {
      id: 'paid',
      type: 'event',
      bus: 'payments',
      pattern: { source: ['bank'] },
      idempotencyKey: '{% $event.detail.payment %}',
      input: '{% $event.detail %}',
    },
    { id: 'nightly', type: 'schedule', cron: '0 2 * * ? *', timeZone: 'Europe/Berlin' },
    { id: 'at-once', type: 'schedule', rate: '7 days', input: { by: 'rate' } },
    {
      id: 'uploaded',
      type: 's3',
      bucket: 'uploads',
      prefix: 'in/',
      suffix: '.csv',
      events: ['created', 'deleted'],
      input:
        '{% { "key": $event.detail.object.key, "size": $event.detail.object.size, "what": $event."detail-type" } %}',
    },
    { id: 'queued', type: 'sqs', queue: 'jobs', input: { job: '{% $event.body.job %}' } },
  ],
};

/** Hears of what becomes of the other one. */
const chained: DefinitionInput = {
  name: 'chained',
  nodes: { echo },
  triggers: [
    {
      id: 'ended',
      type: 'event',
      pattern: { source: ['fanjoin'], detail: { workflow: ['orders'], status: ['SUCCEEDED'] } },
      idempotencyKey: '{% $event.detail.id %}',
      input: '{% $event.detail.executionId %}',
    },
  ],
};

function sources(stack: Stack): TriggersProps {
  const deadLetterQueue = { queue: new Queue(stack, 'JobsDead'), maxReceiveCount: 2 };
  return {
    buses: { payments: new EventBus(stack, 'Payments', { eventBusName: 'payments' }) },
    buckets: { uploads: new Bucket(stack, 'Uploads') },
    queues: { jobs: new Queue(stack, 'Jobs', { deadLetterQueue }) },
  };
}

describe.skipIf(!canRunEmulators())('triggers on the functions', () => {
  let stack: LocalStack;
  let lines: string[];
  let executor: WorkflowExecutor;
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack({
      workflows: [orders, chained],
      triggers: sources,
      visibilityTimeoutSeconds: 2,
      logLevel: 'info',
    }));
    executor = new WorkflowExecutor(stack.connection);
  }, 120_000);
  afterAll(async () => {
    await executor?.close();
    await stack?.stop();
  });

  /** The executions that a trigger has started, once there are so many. */
  async function startedBy(trigger: string, workflow = 'orders', count = 1): Promise<ExecutionOutcome[]> {
    await expect.poll(() => triggered(workflow, trigger).size, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
    return Promise.all([...triggered(workflow, trigger)].map((executionId) => ended(stack, executionId)));
  }

  /** As the function's log has it. */
  const triggered = (workflow: string, trigger: string): Set<string> =>
    new Set(
      lines.flatMap((line) => {
        if (!line.includes('"triggered"') || !line.includes(`"workflow":"${workflow}","trigger":"${trigger}"`))
          return [];
        return /"executionId":"([\w-]+)"/.exec(line)?.[1] ?? [];
      }),
    );

  const put = (Source: string, DetailType: string, detail: unknown, EventBusName?: string) =>
    stack.clients.events.send(
      new PutEventsCommand({
        Entries: [{ Source, DetailType, Detail: JSON.stringify(detail), ...(EventBusName && { EventBusName }) }],
      }),
    );
  const sendTo = (queue: string, body: unknown) =>
    stack.clients.sqs.send(
      new SendMessageCommand({ QueueUrl: stack.queueUrls[queue], MessageBody: JSON.stringify(body) }),
    );
  async function takeFrom(queue: string): Promise<Message> {
    for (;;) {
      const { Messages: [message] = [] } = await stack.clients.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: stack.queueUrls[queue], WaitTimeSeconds: 1 }),
      );
      if (message !== undefined) return message;
    }
  }

  it('start a workflow by an event of the default bus, with the input it is mapped to', async () => {
    const { Entries } = await put('shop', 'Order placed', { order: 'o1', total: 5 });
    await put('shop', 'Order placed', { order: 'o2', total: 0 });

    const [outcome, ...others] = await startedBy('placed');

    expect(others).toEqual([]);
    expect(outcome?.output).toEqual({ order: 'o1', by: 'event' });
    expect(outcome?.description).toMatchObject({
      workflow: 'orders',
      status: 'SUCCEEDED',
      tags: { trigger: 'placed', event: Entries?.[0]?.EventId },
    });
  });

  it('start it once by an event that comes again', async () => {
    const message = {
      workflow: 'orders',
      trigger: 'placed',
      event: { id: 'event-1', source: 'shop', detail: { order: 'again' } },
    };
    await sendTo('TriggerEvents/Queue', message);
    await sendTo('TriggerEvents/Queue', message);

    const isAgain = ({ output }: ExecutionOutcome) => JSON.stringify(output).includes('again');
    await expect.poll(async () => (await startedBy('placed')).filter(isAgain), { timeout: 20_000 }).toHaveLength(1);
    const { description } = (await startedBy('placed')).find(isAgain) ?? {};
    const heard = () => lines.filter((line) => line.includes(`"executionId":"${description?.executionId}"`));
    await expect.poll(heard, { timeout: 20_000 }).toContainEqual(expect.stringContaining('"isNew":false'));
    expect(heard().filter((line) => line.includes('"isNew":true'))).toHaveLength(1);
  });

  it('go by the key that the trigger names, on a bus of the application', async () => {
    await put('bank', 'Paid', { payment: 'p1', try: 1 }, 'payments');
    await startedBy('paid');
    await put('bank', 'Paid', { payment: 'p1', try: 2 }, 'payments');
    await put('bank', 'Paid', { payment: 'p2', try: 1 }, 'payments');

    const outcomes = await startedBy('paid', 'orders', 2);

    expect(outcomes.map(({ output }) => output)).toEqual([
      { payment: 'p1', try: 1 },
      { payment: 'p2', try: 1 },
    ]);
  });

  it('start it by a schedule, once for each time it is due', async () => {
    const dueMs = Date.parse('2026-03-28T01:00:00Z');
    stack.fireSchedule('Triggers/orders/nightly', dueMs);
    await startedBy('nightly');
    stack.fireSchedule('Triggers/orders/nightly', dueMs);
    stack.fireSchedule('Triggers/orders/nightly', dueMs + 86_400_000);

    const outcomes = await startedBy('nightly', 'orders', 2);

    expect(outcomes.map(({ output }) => output)).toEqual([
      { scheduledTime: '2026-03-28T01:00:00Z' },
      { scheduledTime: '2026-03-29T01:00:00Z' },
    ]);
  });

  it('start it by a rate from when it is deployed', async () => {
    const [outcome] = await startedBy('at-once');

    expect(outcome?.output).toEqual({ by: 'rate' });
  });

  it('start it by objects that are made and deleted', async () => {
    const Bucket = stack.bucketNames.find((name) => name.startsWith('uploads'));
    const [Key, Body] = ['in/märz 1.csv', 'a;b'];
    for (const other of ['out/a.csv', 'in/a.txt'])
      await stack.clients.s3.send(new PutObjectCommand({ Bucket, Key: other, Body }));
    await stack.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    await startedBy('uploaded');
    await stack.clients.s3.send(new DeleteObjectCommand({ Bucket, Key }));

    const outcomes = await startedBy('uploaded', 'orders', 2);

    expect(outcomes.map(({ output }) => output)).toEqual([
      { key: Key, size: 3, what: 'Object Created' },
      { key: Key, what: 'Object Deleted' },
    ]);
  });

  it('start it by a message on a queue of the application, and remove the message', async () => {
    await sendTo('Jobs', { job: 7 });

    const [outcome] = await startedBy('queued');

    expect(outcome?.output).toEqual({ job: 7 });
  });

  it('let one workflow follow another', async () => {
    const first = await executor.execute('orders', { any: 'input' });

    await expect
      .poll(async () => (await startedBy('ended', 'chained')).map(({ output }) => output), { timeout: 30_000 })
      .toContain(first.executionId);
  });

  it('keep an event whose input cannot be made, and say why', async () => {
    await put('shop', 'Order placed', { total: 1 });
    await sendTo('Jobs', { nothing: 'of use' });

    const dead = await takeFrom('TriggerEvents/DeadLetterQueue');
    const job = await takeFrom('JobsDead');

    expect(JSON.parse(dead.Body ?? '')).toMatchObject({
      workflow: 'orders',
      trigger: 'placed',
      event: { source: 'shop' },
    });
    expect(JSON.parse(job.Body ?? '')).toEqual({ nothing: 'of use' });
    const reasons = lines.filter((line) => line.includes('"trigger failed"') && line.includes('"level":"error"'));
    expect(reasons).toContainEqual(expect.stringMatching(/"trigger":"placed".*The expression gives nothing/));
    expect(reasons).toContainEqual(
      expect.stringMatching(new RegExp(`"trigger":"queued".*"messageId":"${job.MessageId}"`)),
    );
  });

  it('start the version that was published last, by its own mapping', async () => {
    const [placed, ...rest] = orders.triggers ?? [];
    const definition = { ...orders, triggers: [{ ...placed, input: { version: 2 } }, ...rest] };
    await request(stack, 'POST', '/workflows', { definition });

    await put('shop', 'Order placed', { order: 'o3', total: 5 });

    await expect
      .poll(async () => (await startedBy('placed')).map(({ output }) => output), { timeout: 20_000 })
      .toContainEqual({ version: 2 });
  });
});
