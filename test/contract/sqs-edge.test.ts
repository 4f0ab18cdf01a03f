import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { SqsTaskQueue } from '../../shared/adapters/aws/sqs-queue.ts';

const client = new SQSClient({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'a' } });
const sqs = mockClient(client);
const queue = new SqsTaskQueue({ client, queueUrls: { default: 'https://queue' }, retryDelayMs: 1 });

function serviceError(name: string, httpStatusCode: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

const messages = (count: number, length = 1) => Array.from({ length: count }, () => ({ body: 'x'.repeat(length) }));
const batches = () => sqs.commandCalls(SendMessageBatchCommand).map(({ args }) => args[0].input.Entries ?? []);
const failed = (Id: string, SenderFault = false) => ({
  Id,
  SenderFault,
  Code: SenderFault ? 'InvalidMessageContents' : 'ServiceUnavailable',
});

beforeEach(() => {
  sqs.reset();
});

describe('SqsTaskQueue', () => {
  it('sends at most 10 messages and 1 MB a batch', async () => {
    sqs.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [] });

    await queue.send('default', messages(25));
    await queue.send('default', messages(5, 400_000));

    expect(batches().map(({ length }) => length)).toStrictEqual([10, 10, 5, 2, 2, 1]);
  });

  it('sends again only what was refused', async () => {
    sqs
      .on(SendMessageBatchCommand)
      .resolvesOnce({ Successful: [], Failed: [failed('1'), failed('2')] })
      .resolvesOnce({ Successful: [], Failed: [failed('2')] })
      .resolves({ Successful: [], Failed: [] });

    await queue.send('default', messages(3));

    expect(batches().map((entries) => entries.map(({ Id }) => Id))).toStrictEqual([['0', '1', '2'], ['1', '2'], ['2']]);
  });

  it('throws, retryably, when messages are refused again and again', async () => {
    sqs.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [failed('0')] });

    await expect(queue.send('default', messages(1))).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('ServiceUnavailable'),
    });
    expect(batches()).toHaveLength(4);
  });

  it('does not send again what is the sender’s fault', async () => {
    sqs.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [failed('0', true)] });

    await expect(queue.send('default', messages(1))).rejects.toMatchObject({
      code: 'QUEUE_REJECTED',
      retryable: false,
    });
    expect(batches()).toHaveLength(1);
  });

  it('rounds delays and times up to whole seconds', async () => {
    sqs
      .on(SendMessageBatchCommand)
      .resolves({})
      .on(ReceiveMessageCommand)
      .resolves({})
      .on(ChangeMessageVisibilityCommand)
      .resolves({});

    await queue.send('default', [{ body: '1', delayMs: 1 }, { body: '2', delayMs: 899_001 }, { body: '3' }]);
    await queue.receive('default', { waitMs: 60_000, visibilityMs: 1_001 });
    await queue.changeVisibility('default', 'receipt', 1);

    expect(batches()[0]?.map(({ DelaySeconds }) => DelaySeconds)).toStrictEqual([1, 900, undefined]);
    expect(sqs.commandCalls(ReceiveMessageCommand)[0]?.args[0].input).toMatchObject({
      WaitTimeSeconds: 20,
      VisibilityTimeout: 2,
    });
    expect(sqs.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input).toMatchObject({ VisibilityTimeout: 1 });
  });

  it('names the pools it knows when asked for another', async () => {
    for (const pool of ['gpu', 'constructor']) {
      await expect(queue.send(pool, messages(1))).rejects.toMatchObject({
        code: 'UNKNOWN_POOL',
        message: expect.stringContaining('default'),
      });
      await expect(queue.receive(pool)).rejects.toMatchObject({ code: 'UNKNOWN_POOL' });
    }
  });

  it.each([
    serviceError('ReceiptHandleIsInvalid', 400),
    serviceError('MessageNotInflight', 400),
    serviceError(
      'InvalidParameterValue',
      400,
      'Value x for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.',
    ),
  ])('takes $name for an expired receipt', async (error) => {
    sqs.on(DeleteMessageCommand).rejects(error).on(ChangeMessageVisibilityCommand).rejects(error);

    await queue.acknowledge('default', 'receipt');
    await queue.changeVisibility('default', 'receipt', 0);
  });

  it('tells what may pass from what will not', async () => {
    sqs
      .on(ReceiveMessageCommand)
      .rejectsOnce(serviceError('ThrottlingException', 400))
      .rejectsOnce(serviceError('AccessDenied', 403));

    await expect(queue.receive('default')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true });
    await expect(queue.receive('default')).rejects.toMatchObject({ code: 'QUEUE_REJECTED', retryable: false });
  });
});
