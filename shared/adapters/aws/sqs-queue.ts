import { setTimeout as delay } from 'node:timers/promises';
import type { SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { describeCause, FanjoinError, QueueUnavailableError } from '../../errors.ts';
import type { Delivery, OutgoingMessage, ReceiveOptions, TaskQueue } from '../../ports/task-queue.ts';
import { assertSendable, MAX_MESSAGE_BYTES } from '../outgoing-message.ts';
import { errorName, isTransient } from './service-errors.ts';

const MAX_BATCH_ENTRIES = 10;
const SEND_ATTEMPTS = 4;
const MAX_WAIT_SECONDS = 20;

/** What SQS answers to a receipt whose message is gone or was handed out again; there is nothing left to do then. */
const EXPIRED_RECEIPT: ReadonlySet<string> = new Set(['ReceiptHandleIsInvalid', 'MessageNotInflight']);

export interface SqsTaskQueueOptions {
  readonly client: SQSClient;
  /** The queue of each pool, its dead-letter pool included where that is read. */
  readonly queueUrls: { readonly [pool: string]: string };
  /** The first pause before refused messages are sent again; doubles. Default 50. */
  readonly retryDelayMs?: number;
}

/** The task queue on SQS: a standard queue per pool. */
export class SqsTaskQueue implements TaskQueue {
  readonly #client: SQSClient;
  readonly #queueUrls: ReadonlyMap<string, string>;
  readonly #retryDelayMs: number;

  constructor({ client, queueUrls, retryDelayMs = 50 }: SqsTaskQueueOptions) {
    this.#client = client;
    this.#queueUrls = new Map(Object.entries(queueUrls));
    this.#retryDelayMs = retryDelayMs;
  }

  async send(pool: string, messages: readonly OutgoingMessage[]): Promise<void> {
    const url = this.#urlOf(pool);
    assertSendable(pool, messages);
    await Promise.all(toBatches(messages).map((batch) => this.#sendBatch(pool, url, batch)));
  }

  async receive(pool: string, options: ReceiveOptions = {}): Promise<readonly Delivery[]> {
    const { max = MAX_BATCH_ENTRIES, waitMs = 0, visibilityMs } = options;
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#urlOf(pool),
      MaxNumberOfMessages: max,
      WaitTimeSeconds: Math.min(toSeconds(waitMs), MAX_WAIT_SECONDS),
      ...(visibilityMs !== undefined && { VisibilityTimeout: toSeconds(visibilityMs) }),
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    const { Messages = [] } = await this.#translating('receive', pool, () => this.#client.send(command));
    return Messages.map(({ MessageId = '', Body = '', ReceiptHandle = '', Attributes }) => ({
      messageId: MessageId,
      body: Body,
      receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
      receipt: ReceiptHandle,
    }));
  }

  async acknowledge(pool: string, receipt: string): Promise<void> {
    const command = new DeleteMessageCommand({ QueueUrl: this.#urlOf(pool), ReceiptHandle: receipt });
    await this.#translating('acknowledge', pool, () => ignoringExpired(this.#client.send(command)));
  }

  async changeVisibility(pool: string, receipt: string, visibilityMs: number): Promise<void> {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#urlOf(pool),
      ReceiptHandle: receipt,
      VisibilityTimeout: toSeconds(visibilityMs),
    });
    await this.#translating('changeVisibility', pool, () => ignoringExpired(this.#client.send(command)));
  }

  async #sendBatch(pool: string, url: string, batch: readonly SendMessageBatchRequestEntry[]): Promise<void> {
    let remaining = [...batch];
    for (let attempt = 1; ; attempt++) {
      const command = new SendMessageBatchCommand({ QueueUrl: url, Entries: remaining });
      const { Failed = [] } = await this.#translating('send', pool, () => this.#client.send(command));
      if (Failed.length === 0) return;
      const reason = `${Failed.length} of ${batch.length} messages were refused: ${Failed[0]?.Code} ${Failed[0]?.Message ?? ''}`;
      if (Failed.some(({ SenderFault }) => SenderFault === true)) throw queueRejectedError('send', pool, reason);
      if (attempt === SEND_ATTEMPTS) throw new QueueUnavailableError('send', pool, reason);
      const failedIds = new Set(Failed.map(({ Id }) => Id));
      remaining = remaining.filter(({ Id }) => failedIds.has(Id));
      await delay(this.#retryDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }

  #urlOf(pool: string): string {
    const url = this.#queueUrls.get(pool);
    if (url !== undefined) return url;
    const known = [...this.#queueUrls.keys()].join(', ');
    throw new FanjoinError(
      'UNKNOWN_POOL',
      `There is no pool '${pool}' here; there is: ${known}. Deploy the pool, or correct the node's 'pool'.`,
      {
        details: { pool },
      },
    );
  }

  async #translating<T>(operation: string, pool: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (isTransient(error)) throw new QueueUnavailableError(operation, pool, error);
      throw queueRejectedError(operation, pool, describeCause(error), error);
    }
  }
}

const queueRejectedError = (operation: string, pool: string, reason: string, cause?: unknown): FanjoinError =>
  new FanjoinError('QUEUE_REJECTED', `The queue of pool '${pool}' refused the request (${operation}): ${reason}`, {
    cause,
    details: { pool },
  });

const toSeconds = (ms: number): number => Math.ceil(ms / 1_000);

/** At most 10 messages and 1 MB a batch. */
function toBatches(messages: readonly OutgoingMessage[]): readonly (readonly SendMessageBatchRequestEntry[])[] {
  const batches: SendMessageBatchRequestEntry[][] = [];
  let batch: SendMessageBatchRequestEntry[] = [];
  let batchBytes = 0;
  for (const { body, delayMs = 0 } of messages) {
    const sendableBody = escapeUnsendable(body);
    const bytes = Buffer.byteLength(sendableBody);
    if (batch.length === 0 || batch.length === MAX_BATCH_ENTRIES || batchBytes + bytes > MAX_MESSAGE_BYTES) {
      batch = [];
      batchBytes = 0;
      batches.push(batch);
    }
    batchBytes += bytes;
    batch.push({
      Id: String(batch.length),
      MessageBody: sendableBody,
      ...(delayMs > 0 && { DelaySeconds: toSeconds(delayMs) }),
    });
  }
  return batches;
}

// The two characters that JSON leaves as they are within a string, and SQS refuses.
const escapeUnsendable = (json: string): string =>
  json.replace(/[\ufffe\uffff]/g, (character) => (character === '\ufffe' ? '\\ufffe' : '\\uffff'));

async function ignoringExpired(sent: Promise<unknown>): Promise<void> {
  try {
    await sent;
  } catch (error) {
    const isExpired =
      EXPIRED_RECEIPT.has(errorName(error)) ||
      /receipt handle (has expired|is invalid)|not available for visibility/i.test(describeCause(error));
    if (!isExpired) throw error;
  }
}
