import type { DynamoDBRecord } from 'aws-lambda';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { type Clock, sleep } from '../../shared/ports/clock.ts';
import { failedItems } from './batch-response.ts';
import { BatchingWindow } from './batching-window.ts';
import type { Deliveries } from './faults.ts';
import { MAX_BATCH_BYTES } from './lambda-limits.ts';
import type { InvocationOutcome, InvokeOptions } from './local-function.ts';
import type { GivenUpBatch } from './on-failure-record.ts';
import type { EventSourceProperties } from './resource-schemas.ts';
import { type PendingBatch, planNext } from './stream-batches.ts';
import { TumblingWindow } from './tumbling-window.ts';

const MAX_BACKOFF_MS = 500;
const FIRST_BACKOFF_MS = 50;
/** So long after its end a window may still get records: they are written, stamped and read by different clocks. */
const WINDOW_GRACE_MS = 1_000;
/** A record is at most so much longer as JSON than it is in the stream. */
const JSON_FACTOR = 8;

export interface StreamLaneOptions {
  readonly shardId: string;
  readonly settings: EventSourceProperties;
  readonly invoke: (event: unknown, options?: InvokeOptions) => Promise<InvocationOutcome>;
  /** Counts an invocation that is not made. */
  readonly throttle: () => InvocationOutcome;
  readonly deliveries: Deliveries;
  /** Takes what was tried too often, or is too old. */
  readonly onGivenUp: (batch: GivenUpBatch) => Promise<void>;
  /** Hears of records that are settled, one way or the other. Default: nobody. */
  readonly onSettled?: (records: readonly DynamoDBRecord[]) => void;
  readonly signal: AbortSignal;
  /** Default: real time. */
  readonly clock?: Clock;
}

/**
 * A part of a shard, as Lambda delivers it: one batch at a time, in order, repeated from the first failure on until it
 * succeeds or is given up.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export class StreamLane {
  readonly #options: StreamLaneOptions;
  readonly #clock: Clock;
  readonly #records: DynamoDBRecord[] = [];
  readonly #window: TumblingWindow | undefined;
  readonly #batching: BatchingWindow;
  #filled = new AbortController();
  #isWindowOver = false;
  #draining: Promise<void> | undefined;

  constructor(options: StreamLaneOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { TumblingWindowInSeconds: windowSeconds = 0, MaximumBatchingWindowInSeconds } = options.settings;
    this.#window = windowSeconds === 0 ? undefined : new TumblingWindow(windowSeconds * 1_000, options.shardId);
    this.#batching = new BatchingWindow(MaximumBatchingWindowInSeconds);
  }

  /** Takes records of this part, in their order. */
  push(records: readonly DynamoDBRecord[]): void {
    this.#records.push(...records);
    if (this.#isFull()) this.#filled.abort();
    this.#start();
  }

  /** Says that nothing of the shard was left when it was read at a time: a window that was over then gets nothing more. */
  hasNothingUntil(readAtMs: number): void {
    const endMs = this.#window?.endMs;
    if (endMs === undefined || readAtMs < endMs + WINDOW_GRACE_MS || this.#draining !== undefined) return;
    this.#isWindowOver = true;
    this.#start();
  }

  /** Resolves when nothing is left to deliver now. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  #start(): void {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
      if (this.#records.length > 0 && !this.#options.signal.aborted) this.#start();
    });
  }

  async #drain(): Promise<void> {
    const { signal } = this.#options;
    if (this.#isWindowOver && this.#records.length === 0) await this.#closeWindow();
    this.#isWindowOver = false;
    while (this.#records.length > 0 && !signal.aborted) {
      await this.#gather();
      const [first] = this.#records;
      if (first !== undefined && this.#window?.isPast(arrivalMs(first)) === true) await this.#closeWindow();
      const batch = this.#records.splice(0, this.#nextSize());
      if (signal.aborted) return;
      await this.#settle(batch);
      this.#batching.restart(this.#clock.nowMs());
    }
  }

  /** Waits for more until the batching window is over or the batch is full. */
  async #gather(): Promise<void> {
    if (this.#options.settings.MaximumBatchingWindowInSeconds === 0 || this.#isFull()) return;
    this.#filled = new AbortController();
    const nowMs = this.#clock.nowMs();
    const waited = AbortSignal.any([this.#options.signal, this.#filled.signal]);
    await sleep(this.#clock, this.#batching.endMs(nowMs) - nowMs, waited);
  }

  #isFull(): boolean {
    return this.#records.length >= this.#options.settings.BatchSize || this.#nextSize() < this.#records.length;
  }

  /** How many records go into the next batch: not more than its size, than Lambda takes, and of one window only. */
  #nextSize(): number {
    const records = this.#records.slice(0, this.#options.settings.BatchSize);
    const inStream = records.reduce((sum, { dynamodb }) => sum + (dynamodb?.SizeBytes ?? 0), 0);
    const endMs = this.#windowEndOf(records[0]);
    let bytes = 0;
    const last = records.findIndex((record, index) => {
      // To write each record just to know its size would be most of what a small batch costs.
      if (inStream * JSON_FACTOR > MAX_BATCH_BYTES) bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
      return index > 0 && (bytes > MAX_BATCH_BYTES || arrivalMs(record) >= endMs);
    });
    return last < 0 ? records.length : last;
  }

  /** Of the window that a record belongs to, should it be the next to come. */
  #windowEndOf(record: DynamoDBRecord | undefined): number {
    const seconds = this.#options.settings.TumblingWindowInSeconds ?? 0;
    if (this.#window === undefined || record === undefined) return Number.POSITIVE_INFINITY;
    const { endMs } = this.#window;
    if (endMs !== undefined && !this.#window.isPast(arrivalMs(record))) return endMs;
    return (Math.floor(arrivalMs(record) / (seconds * 1_000)) + 1) * seconds * 1_000;
  }

  /** Delivers a batch until nothing of it is left. */
  async #settle(records: readonly DynamoDBRecord[]): Promise<void> {
    const { settings, deliveries, signal, onSettled } = this.#options;
    const failureSettings = {
      maxRetryAttempts: settings.MaximumRetryAttempts,
      bisects: settings.BisectBatchOnFunctionError,
    };
    let pending: readonly PendingBatch<DynamoDBRecord>[] = [{ records, failures: 0 }];
    let throttles = 0;
    while (!signal.aborted) {
      const [first, ...rest] = pending;
      if (first === undefined) break;
      const batch = { ...first, records: await this.#withoutOld(first) };
      await sleep(this.#clock, Math.max(deliveries.delayMs(), backoffMs(batch.failures + throttles)), signal);
      if (signal.aborted) return;
      if (batch.records.length === 0) {
        pending = rest;
        continue;
      }
      // The function's answer is lost on its way, and with it the state of the window: the batch comes once more.
      if (deliveries.isRepeated()) await this.#call(batch.records);
      const { outcome, firstFailed } = await this.#invoke(batch.records);
      if (signal.aborted) return;
      const isThrottled = !outcome.ok && outcome.isThrottled === true;
      throttles = isThrottled ? throttles + 1 : 0;
      // Nothing was invoked: no retry is spent, and there is nothing to bisect.
      if (isThrottled) {
        pending = [batch, ...rest];
        continue;
      }
      const next = planNext(batch, firstFailed, outcome.ok, failureSettings);
      if (next.givenUp.length > 0) await this.#giveUp(next.givenUp, batch.failures + 1, outcome);
      pending = [...next.pending, ...rest];
      if (this.#window?.isFull === true) await this.#closeWindow();
    }
    onSettled?.(records);
  }

  /** Nothing goes on before it has succeeded, or was repeated as often as a batch would be. */
  async #closeWindow(): Promise<void> {
    const { invoke, settings, signal } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      const outcome = await invoke({
        Records: [],
        ...this.#window?.closing(),
        eventSourceARN: settings.EventSourceArn,
      });
      if (outcome.ok) break;
      if (outcome.isThrottled !== true) failures++;
      if (settings.MaximumRetryAttempts >= 0 && failures > settings.MaximumRetryAttempts) break;
      await sleep(this.#clock, backoffMs(failures), signal);
    }
    this.#window?.close();
  }

  async #invoke(records: readonly DynamoDBRecord[]): Promise<{ outcome: InvocationOutcome; firstFailed?: number }> {
    const invoked = await this.#call(records);
    const isKept = !invoked.ok || this.#window === undefined || this.#window.keep(invoked.result);
    const outcome = isKept ? invoked : { ok: false as const, reason: 'it returned no state' };
    const identifiers = records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? '');
    const failed = failedItems(outcome, identifiers, this.#options.settings.FunctionResponseTypes.length > 0);
    const firstFailed = identifiers.findIndex((identifier) => failed.has(identifier));
    return { outcome, ...(firstFailed >= 0 && { firstFailed }) };
  }

  async #call(records: readonly DynamoDBRecord[]): Promise<InvocationOutcome> {
    const { invoke, throttle, deliveries, settings } = this.#options;
    if (deliveries.isThrottled()) return throttle();
    const [first] = records;
    const window = this.#window && {
      ...this.#window.open(first === undefined ? this.#clock.nowMs() : arrivalMs(first)),
      eventSourceARN: settings.EventSourceArn,
    };
    return await invoke({ Records: records, ...window }, { crashAfterMs: deliveries.crashAfterMs() });
  }

  async #withoutOld({ records, failures }: PendingBatch<DynamoDBRecord>): Promise<readonly DynamoDBRecord[]> {
    const { MaximumRecordAgeInSeconds: maxAgeSeconds } = this.#options.settings;
    if (maxAgeSeconds < 0) return records;
    const oldestMs = this.#clock.nowMs() - maxAgeSeconds * 1_000;
    const { old = [], fresh = [] } = Object.groupBy(records, (record) =>
      arrivalMs(record) < oldestMs ? 'old' : 'fresh',
    );
    if (old.length > 0) await this.#giveUp(old, failures);
    return fresh;
  }

  async #giveUp(records: readonly DynamoDBRecord[], invokeCount: number, outcome?: InvocationOutcome): Promise<void> {
    const { shardId, onGivenUp } = this.#options;
    const condition = outcome === undefined ? 'RecordAgeExceeded' : 'RetryAttemptsExhausted';
    const requestId = outcome?.ok === false ? outcome.requestId : undefined;
    await onGivenUp({ records, shardId, condition, invokeCount, requestId });
  }
}

/** When a record came into the stream. */
export const arrivalMs = ({ dynamodb }: DynamoDBRecord): number => (dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000;

const backoffMs = (failures: number): number =>
  failures === 0 ? 0 : Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
