import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  type Emulator,
  LOCAL_CREDENTIALS,
  LOCAL_REGION,
  queueUrlAt,
  startFauxqs,
} from '../../infra/local/emulators.ts';
import { disturb, type Faults } from '../../infra/local/faults.ts';
import { LocalFunction, type LocalFunctionOptions } from '../../infra/local/local-function.ts';
import { QueueSource } from '../../infra/local/queue-source.ts';
import { queueArn } from '../../infra/local/references.ts';
import { RESOURCE_SCHEMAS } from '../../infra/local/resource-schemas.ts';

/** Prints what it was given; fails the messages that say so, in the way they say. */
const HANDLER = `export const handler = async ({ Records }) => {
  console.log('begin ' + JSON.stringify(Records));
  const bodies = Records.map(({ body }) => body);
  if (bodies.includes('wait')) await new Promise((done) => setTimeout(done, 150));
  console.log('end');
  if (bodies.includes('throw')) throw new Error('thrown');
  return { batchItemFailures: Records.filter(({ body }) => body === 'fail').map(({ messageId }) => ({ itemIdentifier: messageId })) };
};`;

const SeenRecords = z.array(
  z.looseObject({
    body: z.string(),
    attributes: z.looseObject({ ApproximateReceiveCount: z.string() }),
    messageAttributes: z.looseObject({}),
  }),
);

describe('a queue that feeds a function', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-queue-source-'));
  const file = join(folder, 'index.mjs');
  writeFileSync(file, HANDLER);
  let fauxqs: Emulator;
  let sqs: SQSClient;
  const stops: (() => Promise<unknown>)[] = [];
  let queues = 0;
  beforeAll(async () => {
    fauxqs = await startFauxqs();
    sqs = new SQSClient({ region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, endpoint: fauxqs.endpoint });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  afterAll(async () => {
    sqs.destroy();
    await fauxqs.stop();
    rmSync(folder, { recursive: true });
  });

  async function aQueue(attributes: Record<string, string> = {}) {
    const name = `queue-${queues++}`;
    await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '1', ...attributes } }));
    return { name, url: queueUrlAt(fauxqs.endpoint, name) };
  }

  const send = (url: string, ...bodies: string[]) =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: bodies.map((MessageBody, n) => ({ Id: String(n), MessageBody })),
      }),
    );

  async function counts(url: string) {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: inFlight } = Attributes;
    return `${visible} visible, ${inFlight} in flight`;
  }
  const untilEmpty = (url: string) =>
    expect.poll(() => counts(url), { timeout: 20_000 }).toBe('0 visible, 0 in flight');

  /** Feeds what a queue has, and will have, to the function above. */
  function feed(
    { name, url }: { name: string; url: string },
    settings: object = {},
    {
      faults = {},
      maxConcurrency = 4,
      comesBackAfterSeconds,
      ...overrides
    }: Partial<LocalFunctionOptions> & {
      faults?: Partial<Faults>;
      maxConcurrency?: number;
      comesBackAfterSeconds?: number;
    } = {},
  ) {
    const lines: string[] = [];
    const target = new LocalFunction({
      ...{ label: 'Tested', file, exportName: 'handler', functionName: 'F', functionArn: 'arn:F', memoryMb: 128 },
      ...{ env: {}, timeoutSeconds: 5, maxWorkers: 4, log: (line: string) => lines.push(line) },
      ...overrides,
    });
    const source = new QueueSource({
      ...{ sqs, queueUrl: url, visibilityTimeoutSeconds: 1, function: target, maxConcurrency, log: () => undefined },
      settings: RESOURCE_SCHEMAS['AWS::Lambda::EventSourceMapping'].parse({
        ...{ BatchSize: 10, EventSourceArn: queueArn(name), FunctionName: 'F' },
        ...{ FunctionResponseTypes: ['ReportBatchItemFailures'], ...settings },
      }),
      deliveries: disturb({ faults, seed: 1 })('tested'),
      ...(comesBackAfterSeconds !== undefined && { comesBackAfterSeconds }),
    });
    stops.push(async () => Promise.all([source.stop(), target.stop()]));
    const begun = () =>
      lines.flatMap((line) =>
        line.startsWith('begin ') ? [SeenRecords.parse(JSON.parse(line.slice('begin '.length)))] : [],
      );
    return { target, begun, batches: () => begun().map((records) => records.map(({ body }) => body)), lines };
  }

  it('hands over what came, as the event of SQS has it, and removes what succeeded', async () => {
    const queue = await aQueue();
    await sqs.send(
      new SendMessageCommand({
        ...{ QueueUrl: queue.url, MessageBody: 'one' },
        MessageAttributes: { Kind: { DataType: 'String', StringValue: 'k' } },
      }),
    );

    const { begun } = feed(queue);
    await untilEmpty(queue.url);

    expect(begun()).toEqual([
      [
        {
          messageId: expect.any(String),
          receiptHandle: expect.any(String),
          body: 'one',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {
            Kind: { dataType: 'String', stringValue: 'k', stringListValues: [], binaryListValues: [] },
          },
          md5OfBody: 'f97c5d29941bfb1b2fdab0874906ab82',
          eventSource: 'aws:sqs',
          eventSourceARN: queueArn(queue.name),
          awsRegion: 'us-east-1',
        },
      ],
    ]);
  });

  it('brings what failed back after its visibility timeout, alone, with its count, and then to the dead letters', async () => {
    const dead = await aQueue();
    const queue = await aQueue({
      // The machine may be slow; what failed comes back sooner.
      VisibilityTimeout: '600',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn(dead.name), maxReceiveCount: 2 }),
    });
    await send(queue.url, 'fine', 'fail');

    const { begun } = feed(queue, {}, { comesBackAfterSeconds: 1 });
    await expect.poll(() => counts(dead.url), { timeout: 20_000 }).toBe('1 visible, 0 in flight');

    expect(
      begun().map((records) => records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount])),
    ).toEqual([
      [
        ['fine', '1'],
        ['fail', '1'],
      ],
      [['fail', '2']],
    ]);
    await untilEmpty(queue.url);
  });

  it('hides a message as long as its queue does while its invocation runs, and less once it has failed', async () => {
    const queue = await aQueue({ VisibilityTimeout: '600' });
    await send(queue.url, 'wait', 'fail');

    const { batches } = feed(queue, { BatchSize: 1 }, { comesBackAfterSeconds: 0 });
    const times = (body: string) => batches().filter((bodies) => bodies.includes(body)).length;
    await expect.poll(() => times('wait') > 0 && times('fail') > 5, { timeout: 20_000 }).toBe(true);

    expect(times('wait')).toBe(1);
  });

  it('brings all of a batch back whose invocation failed, or whose answers nobody asked for', async () => {
    const queue = await aQueue();
    const unasked = await aQueue();
    await send(queue.url, 'fine', 'throw');
    await send(unasked.url, 'fine', 'fail');

    const { batches } = feed(queue);
    feed(unasked, { FunctionResponseTypes: [] });

    await expect.poll(() => batches(), { timeout: 20_000 }).toHaveLength(2);
    expect(batches().map((bodies) => bodies.toSorted())).toEqual([
      ['fine', 'throw'],
      ['fine', 'throw'],
    ]);
    await untilEmpty(unasked.url);
  });

  it('runs as many invocations at once as its maximum concurrency, however many messages each has', async () => {
    const queue = await aQueue({ VisibilityTimeout: '30' });
    for (let n = 0; n < 6; n++) await send(queue.url, 'wait', 'wait');

    const { target } = feed(queue, { BatchSize: 2, ScalingConfig: { MaximumConcurrency: 2 } });
    await untilEmpty(queue.url);

    expect(target.status).toMatchObject({ mostRunning: 2, invocations: 6 });
  });

  it('gathers more than ten messages within its window', async () => {
    const queue = await aQueue({ VisibilityTimeout: '30' });
    for (let n = 0; n < 3; n++) await send(queue.url, ...Array(8).fill(`message-${n}`));

    const { batches } = feed(queue, { BatchSize: 24, MaximumBatchingWindowInSeconds: 20 }, { maxConcurrency: 1 });
    await untilEmpty(queue.url);

    expect(batches().map(({ length }) => length)).toEqual([24]);
  });

  it('invokes with what there is when its window is over', async () => {
    const queue = await aQueue({ VisibilityTimeout: '30' });
    await send(queue.url, 'a', 'b');

    const { batches } = feed(queue, { BatchSize: 24, MaximumBatchingWindowInSeconds: 1 });
    await untilEmpty(queue.url);

    expect(batches()).toEqual([['a', 'b']]);
  });

  it('removes what its filter does not want, without an invocation', async () => {
    const queue = await aQueue();
    await send(queue.url, '{"kind":"wanted"}', '{"kind":"other"}', 'no JSON');

    const { batches } = feed(queue, { FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["wanted"]}}' }] } });
    await untilEmpty(queue.url);

    expect(batches()).toEqual([['{"kind":"wanted"}']]);
  });

  it('tries what is throttled again for as long as the message is hidden, and gives it back then', async () => {
    const queue = await aQueue();
    await send(queue.url, 'one');

    const { target } = feed(queue, {}, { reservedConcurrency: 0 });
    await expect.poll(() => target.status.throttles, { timeout: 20_000 }).toBeGreaterThan(8);

    expect(target.status.invocations).toBe(0);
    await expect.poll(() => counts(queue.url)).toMatch(/^[01] visible, [01] in flight$/);
  });

  it('delivers each message when deliveries are late, come twice, are overtaken, throttled and crash', async () => {
    const queue = await aQueue();
    const bodies = Array.from({ length: 30 }, (_, n) => `message-${n}`);
    for (let from = 0; from < 30; from += 10) await send(queue.url, ...bodies.slice(from, from + 10));

    const { batches, target } = feed(
      queue,
      { BatchSize: 5 },
      { faults: { duplicate: 0.3, delay: 20, reorder: 0.3, crash: 0.1, throttle: 0.5 } },
    );
    await untilEmpty(queue.url);

    const seen = batches().flat();
    expect(new Set(seen)).toEqual(new Set(bodies));
    expect(seen.length).toBeGreaterThan(30);
    expect(seen).not.toEqual(bodies);
    expect(target.status.throttles).toBeGreaterThan(0);
  });
});
