import { setTimeout as delay } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { failedItems } from './batch-response.ts';
import { BatchingWindow } from './batching-window.ts';
import type { Deliveries } from './faults.ts';
import { MAX_BATCH_BYTES } from './lambda-limits.ts';
import type { InvocationOutcome, LocalFunction } from './local-function.ts';
import { toSqsRecord } from './queue-event.ts';
import { compileQueueFilters } from './queue-filter.ts';
import type { EventSourceProperties } from './resource-schemas.ts';

/** Pollers of a source without a maximum concurrency: what Lambda starts with. */
const DEFAULT_POLLERS = 5;
const LONG_POLL_SECONDS = 20;
/** What one request to SQS receives or removes. */
const MAX_MESSAGES = 10;
const RETRY_POLL_MS = 200;
const FIRST_THROTTLED_MS = 50;
const MAX_THROTTLED_MS = 5_000;

export interface QueueSourceOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  /** For so long a message that was received is hidden from others. */
  readonly visibilityTimeoutSeconds: number;
  /** What failed comes back after so long at the most, counted from its failure. Default: when it is hidden no more. */
  readonly comesBackAfterSeconds?: number;
  readonly function: LocalFunction;
  readonly settings: EventSourceProperties;
  /** Batches at once, however many the settings allow. */
  readonly maxConcurrency: number;
  readonly deliveries: Deliveries;
  readonly log: (line: string) => void;
}

/**
 * How many batches of a queue are at work at once, each with a poller and an invocation of its own.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export const batchesAtOnce = ({ ScalingConfig }: EventSourceProperties, maxConcurrency: number): number =>
  Math.min(ScalingConfig?.MaximumConcurrency ?? DEFAULT_POLLERS, maxConcurrency);

/**
 * Feeds a queue's messages to a function, as Lambda's pollers do: each takes a batch, removes what the filter does not
 * want, invokes, and removes what succeeded. What failed comes back when its visibility timeout is over.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export class QueueSource {
  readonly #options: QueueSourceOptions;
  readonly #isWanted: (record: SQSRecord) => boolean;
  readonly #abort = new AbortController();
  readonly #pollers: readonly Promise<void>[];

  constructor(options: QueueSourceOptions) {
    this.#options = options;
    const { settings, maxConcurrency } = options;
    this.#isWanted = compileQueueFilters((settings.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern));
    this.#pollers = Array.from({ length: batchesAtOnce(settings, maxConcurrency) }, () => this.#poll());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#pollers);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#abort;
    const window = new BatchingWindow(this.#options.settings.MaximumBatchingWindowInSeconds);
    while (!signal.aborted) {
      try {
        const messages = await this.#gather(window);
        if (messages.length === 0) continue;
        await this.#deliver(messages);
        window.restart(Date.now());
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log(`cannot be polled: ${error instanceof Error ? error.message : String(error)}`);
        await delay(RETRY_POLL_MS);
      }
    }
  }

  /** A batch: what one request gives, or what has come when the batching window is over. */
  async #gather(window: BatchingWindow): Promise<readonly Message[]> {
    const { BatchSize, MaximumBatchingWindowInSeconds } = this.#options.settings;
    const messages = [...(await this.#receive(BatchSize, LONG_POLL_SECONDS))];
    if (MaximumBatchingWindowInSeconds === 0 || messages.length === 0) return messages;
    const endMs = window.endMs(Date.now());
    while (messages.length < BatchSize && bytesOf(messages) < MAX_BATCH_BYTES - MAX_REQUEST_BYTES) {
      const leftMs = endMs - Date.now();
      if (leftMs <= 0 || this.#abort.signal.aborted) break;
      const waitSeconds = Math.min(LONG_POLL_SECONDS, Math.floor(leftMs / 1_000));
      const more = await this.#receive(BatchSize - messages.length, waitSeconds);
      messages.push(...more);
      if (more.length === 0 && waitSeconds === 0) await this.#wait(Math.min(leftMs, RETRY_POLL_MS));
    }
    return messages;
  }

  async #receive(count: number, waitSeconds: number): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#options.queueUrl,
      MaxNumberOfMessages: Math.min(count, MAX_MESSAGES),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await this.#options.sqs.send(command, { abortSignal: this.#abort.signal });
    return Messages;
  }

  async #deliver(messages: readonly Message[]): Promise<void> {
    const { deliveries, settings } = this.#options;
    const receivedAtMs = Date.now();
    const { wanted = [], others = [] } = Object.groupBy(messages, (message) =>
      this.#isWanted(toSqsRecord(message, settings.EventSourceArn)) ? 'wanted' : 'others',
    );
    await this.#remove(others);
    if (wanted.length === 0) return;
    await this.#wait(Math.max(deliveries.latencyMs('queue'), deliveries.delayMs()));
    const { onTime = [], overtaken = [] } = Object.groupBy(wanted, () =>
      deliveries.isOvertaken() ? 'overtaken' : 'onTime',
    );
    const repeated = onTime.filter(() => deliveries.isRepeated());
    // A second delivery of a standard queue comes while the first may still be at work; nobody waits for what it says.
    const again =
      repeated.length === 0 ? undefined : delay(deliveries.repeatAfterMs()).then(() => this.#invoke(repeated));
    await this.#settle(onTime, receivedAtMs);
    if (overtaken.length > 0) await this.#wait(deliveries.overtakenForMs());
    await this.#settle(overtaken, receivedAtMs);
    await again;
  }

  /** Invokes the function with a batch, and removes what succeeded. */
  async #settle(messages: readonly Message[], receivedAtMs: number): Promise<void> {
    if (messages.length === 0) return;
    const { settings, visibilityTimeoutSeconds } = this.#options;
    let outcome = await this.#invoke(messages);
    // What is throttled is tried again for as long as nobody else can receive it.
    for (let throttles = 0; !outcome.ok && outcome.isThrottled === true; throttles++) {
      await this.#wait(Math.min(MAX_THROTTLED_MS, FIRST_THROTTLED_MS * 2 ** throttles));
      if (Date.now() - receivedAtMs > visibilityTimeoutSeconds * 1_000 || this.#abort.signal.aborted) return;
      outcome = await this.#invoke(messages);
    }
    const identifiers = messages.map(({ MessageId = '' }) => MessageId);
    const failed = failedItems(outcome, identifiers, settings.FunctionResponseTypes.length > 0);
    await this.#remove(messages.filter(({ MessageId = '' }) => !failed.has(MessageId)));
    await this.#giveBack(messages.filter(({ MessageId = '' }) => failed.has(MessageId)));
  }

  /**
   * Lets what failed come back sooner. Not by hiding it for less from the beginning: while an invocation runs nobody else may
   * receive its messages, however slow this machine is.
   */
  async #giveBack(messages: readonly Message[]): Promise<void> {
    const { comesBackAfterSeconds: VisibilityTimeout, sqs, queueUrl: QueueUrl } = this.#options;
    if (VisibilityTimeout === undefined) return;
    for (const Entries of inRequests(messages))
      await sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl,
          Entries: Entries.map((entry) => ({ ...entry, VisibilityTimeout })),
        }),
      );
  }

  async #invoke(messages: readonly Message[]): Promise<InvocationOutcome> {
    const { function: target, settings, deliveries } = this.#options;
    if (deliveries.isThrottled()) return target.throttle();
    const event = { Records: messages.map((message) => toSqsRecord(message, settings.EventSourceArn)) };
    return await target.invoke(event, { crashAfterMs: deliveries.crashAfterMs() });
  }

  async #remove(messages: readonly Message[]): Promise<void> {
    for (const Entries of inRequests(messages))
      await this.#options.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: this.#options.queueUrl, Entries }));
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#abort.signal }).catch(() => undefined);
  }
}

/** Receipts of messages, as many at a time as a request takes. */
const inRequests = (messages: readonly Message[]): { readonly Id: string; readonly ReceiptHandle: string }[][] =>
  Array.from({ length: Math.ceil(messages.length / MAX_MESSAGES) }, (_, request) =>
    messages
      .slice(request * MAX_MESSAGES, (request + 1) * MAX_MESSAGES)
      .map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle })),
  );

/** All that ten messages may have together. */
const MAX_REQUEST_BYTES = 1_048_576;

const bytesOf = (messages: readonly Message[]): number =>
  messages.reduce((sum, { Body = '' }) => sum + Buffer.byteLength(Body), 0);
