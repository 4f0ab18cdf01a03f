import { setTimeout as delay } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { failedItems } from './batch-response.ts';
import type { Deliveries } from './disturbance.ts';
import { LOCAL_REGION } from './emulators.ts';
import type { LocalFunction } from './local-function.ts';
import type { EventSourceProperties } from './resource-schemas.ts';

/** Pollers of a source without a maximum concurrency: what Lambda starts with. */
const DEFAULT_POLLERS = 5;
const LONG_POLL_SECONDS = 20;
const RETRY_POLL_MS = 200;

export interface QueueSourceOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly function: LocalFunction;
  readonly settings: EventSourceProperties;
  /** Batches at once, however many the settings allow. */
  readonly maxConcurrency: number;
  readonly deliveries: Deliveries;
  readonly log: (line: string) => void;
}

/** How many batches of a queue are at work at once, each with a poller and an invocation of its own. */
export const batchesAtOnce = ({ ScalingConfig }: EventSourceProperties, maxConcurrency: number): number =>
  Math.min(ScalingConfig?.MaximumConcurrency ?? DEFAULT_POLLERS, maxConcurrency);

/**
 * Feeds a queue's messages to a function, as Lambda's pollers do: each takes a batch, invokes, and removes what
 * succeeded. What failed comes back when its visibility timeout is over.
 */
export class QueueSource {
  readonly #options: QueueSourceOptions;
  readonly #abort = new AbortController();
  readonly #pollers: readonly Promise<void>[];

  constructor(options: QueueSourceOptions) {
    this.#options = options;
    const pollers = batchesAtOnce(options.settings, options.maxConcurrency);
    this.#pollers = Array.from({ length: pollers }, () => this.#poll());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#pollers);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const messages = await this.#receive(signal);
        if (messages.length > 0) await this.#deliver(messages);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log(`cannot be polled: ${error instanceof Error ? error.message : String(error)}`);
        await delay(RETRY_POLL_MS);
      }
    }
  }

  async #receive(signal: AbortSignal): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#options.queueUrl,
      MaxNumberOfMessages: Math.min(this.#options.settings.BatchSize, 10),
      WaitTimeSeconds: LONG_POLL_SECONDS,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await this.#options.sqs.send(command, { abortSignal: signal });
    return Messages;
  }

  async #deliver(messages: readonly Message[]): Promise<void> {
    const { deliveries } = this.#options;
    await delay(deliveries.delayMs());
    const repeated = messages.filter(() => deliveries.isRepeated());
    // A second delivery of a standard queue comes while the first may still be at work; nobody waits for what it says.
    const again =
      repeated.length === 0 ? undefined : delay(deliveries.repeatAfterMs()).then(() => this.#invoke(repeated));
    const failed = await this.#invoke(messages);
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    if (done.length > 0) {
      await this.#options.sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.#options.queueUrl,
          Entries: done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      );
    }
    await again;
  }

  async #invoke(messages: readonly Message[]): Promise<ReadonlySet<string>> {
    const { function: target, settings } = this.#options;
    const outcome = await target.invoke({
      Records: messages.map((message) => toRecord(message, settings.EventSourceArn)),
    });
    const identifiers = messages.map(({ MessageId = '' }) => MessageId);
    return failedItems(outcome, identifiers, settings.FunctionResponseTypes.length > 0);
  }
}

function toRecord(
  { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} }: Message,
  queueArn: string,
): SQSRecord {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: {
      ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? '1',
      SentTimestamp: Attributes.SentTimestamp ?? '',
      SenderId: Attributes.SenderId ?? '',
      ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? '',
    },
    messageAttributes: {},
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: LOCAL_REGION,
  };
}
