import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import { failedItems } from './batch-response.ts';
import type { Deliveries } from './disturbance.ts';
import { compileFilters } from './event-filter.ts';
import type { LocalFunction } from './local-function.ts';
import type { EventSourceProperties } from './resource-schemas.ts';
import { type PendingBatch, planNext } from './stream-batches.ts';
import { toDynamoDbRecord } from './stream-event.ts';
import { StreamReader } from './stream-reader.ts';
import { TumblingWindow } from './tumbling-window.ts';

/** Lambda looks at a stream four times a second; here a local run should not wait for it. */
const BUSY_POLL_MS = 15;
const IDLE_POLL_MS = 100;
const IDLE_FACTOR = 1.3;
const MAX_BACKOFF_MS = 500;
const FIRST_BACKOFF_MS = 50;
/** Of the invocation that closes a window. */
const CLOSING_TRIES = 5;

/** Records of a shard's part that wait, after which no more are read. */
const MAX_BACKLOG = 5_000;

export interface StreamSourceOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly streamArn: string;
  /** Name of the table's partition key: what is ordered. */
  readonly partitionKey: string;
  readonly function: LocalFunction;
  readonly settings: EventSourceProperties;
  readonly deliveries: Deliveries;
  /** Takes what was tried too often, or is too old, where the source has a destination for it. */
  readonly onGivenUp: (records: readonly DynamoDBRecord[], reason: string) => Promise<void>;
  readonly log: (line: string) => void;
}

/** A part of a shard: one batch of it is delivered at a time, in order. */
interface Lane {
  readonly records: DynamoDBRecord[];
  readonly window: TumblingWindow | undefined;
  isBusy: boolean;
}

/**
 * Feeds a table's stream to a function as Lambda does: filtered, in batches, in order for each key, `ParallelizationFactor`
 * batches of a shard at once, repeated from the first failure on until they succeed or are given up.
 */
export class StreamSource {
  readonly #options: StreamSourceOptions;
  readonly #isWanted: (record: unknown) => boolean;
  readonly #lanes = new Map<string, Lane>();
  readonly #abort = new AbortController();
  readonly #deliveries = new Set<Promise<void>>();
  readonly #reading: Promise<void>;
  #backlog = 0;

  constructor(options: StreamSourceOptions) {
    this.#options = options;
    this.#isWanted = compileFilters((options.settings.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern));
    this.#reading = this.#read(new StreamReader(options.streams, options.streamArn));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#reading, ...this.#deliveries]);
  }

  async #read(reader: StreamReader): Promise<void> {
    const { signal } = this.#abort;
    let pauseMs = BUSY_POLL_MS;
    while (!signal.aborted) {
      try {
        const shards = this.#backlog > MAX_BACKLOG ? [] : await reader.read(signal);
        const hasRead = shards.some(({ records }) => records.length > 0);
        for (const { shardId, records } of shards) {
          this.#take(
            shardId,
            records.map((record) => toDynamoDbRecord(record, this.#options.settings.EventSourceArn)),
          );
        }
        for (const lane of this.#lanes.values()) if (isOver(lane)) this.#start(lane);
        pauseMs = hasRead || this.#deliveries.size > 0 ? BUSY_POLL_MS : Math.min(pauseMs * IDLE_FACTOR, IDLE_POLL_MS);
        await delay(pauseMs, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
        await delay(IDLE_POLL_MS);
      }
    }
  }

  #take(shardId: string, records: readonly DynamoDBRecord[]): void {
    const touched = new Set<Lane>();
    for (const record of records.filter(this.#isWanted)) {
      const lane = this.#laneOf(shardId, record);
      lane.records.push(record);
      this.#backlog++;
      touched.add(lane);
    }
    for (const lane of touched) this.#start(lane);
  }

  #start(lane: Lane): void {
    if (lane.isBusy) return;
    const delivery = this.#drain(lane).finally(() => this.#deliveries.delete(delivery));
    this.#deliveries.add(delivery);
  }

  /** Records of one partition key always come to the same part. */
  #laneOf(shardId: string, record: DynamoDBRecord): Lane {
    const partitionKey = JSON.stringify(record.dynamodb?.Keys?.[this.#options.partitionKey]) ?? '';
    const partition = createHash('sha256').update(partitionKey).digest().readUInt32BE();
    const name = `${shardId} ${partition % this.#options.settings.ParallelizationFactor}`;
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const { TumblingWindowInSeconds: windowSeconds } = this.#options.settings;
    const window = windowSeconds === undefined ? undefined : new TumblingWindow(windowSeconds * 1_000, shardId);
    const lane: Lane = { records: [], window, isBusy: false };
    this.#lanes.set(name, lane);
    return lane;
  }

  async #drain(lane: Lane): Promise<void> {
    lane.isBusy = true;
    for (;;) {
      await this.#gather(lane);
      if (isOver(lane)) await this.#closeWindow(lane);
      if (lane.records.length === 0 || this.#abort.signal.aborted) break;
      const records = lane.records.splice(0, this.#options.settings.BatchSize);
      this.#backlog -= records.length;
      await this.#settle(records, lane);
    }
    lane.isBusy = false;
  }

  /** Delivers a batch until nothing of it is left. */
  async #settle(records: readonly DynamoDBRecord[], lane: Lane): Promise<void> {
    const { settings, deliveries, onGivenUp } = this.#options;
    const failureSettings = {
      maxRetryAttempts: settings.MaximumRetryAttempts,
      bisects: settings.BisectBatchOnFunctionError,
    };
    let pending: readonly PendingBatch<DynamoDBRecord>[] = [{ records, failures: 0 }];
    while (!this.#abort.signal.aborted) {
      const [first, ...rest] = pending;
      if (first === undefined) return;
      const batch = { ...first, records: await this.#withoutOld(first.records) };
      await delay(Math.max(deliveries.delayMs(), backoffMs(batch.failures)));
      if (batch.records.length === 0 || this.#abort.signal.aborted) {
        pending = rest;
        continue;
      }
      // The function's answer is lost on its way, and with it the state of the window: the batch comes once more.
      if (deliveries.isRepeated()) await this.#call(batch.records, lane);
      const { firstFailed, isPartial } = await this.#invoke(batch.records, lane);
      const next = planNext(batch, firstFailed, isPartial, failureSettings);
      if (next.givenUp.length > 0 && !this.#abort.signal.aborted)
        await onGivenUp(next.givenUp, 'RetryAttemptsExhausted');
      pending = [...next.pending, ...rest];
    }
  }

  /** Waits for more, where the source has a window for that and the batch is not full. */
  async #gather({ records }: Lane): Promise<void> {
    const { BatchSize, MaximumBatchingWindowInSeconds } = this.#options.settings;
    if (MaximumBatchingWindowInSeconds === 0 || records.length === 0 || records.length >= BatchSize) return;
    const { signal } = this.#abort;
    await delay(MaximumBatchingWindowInSeconds * 1_000, undefined, { signal }).catch(() => undefined);
  }

  /** Nothing more comes into the window: what is repeated too often is left. */
  async #closeWindow({ window }: Lane): Promise<void> {
    for (let tries = 0; tries < CLOSING_TRIES && !this.#abort.signal.aborted; tries++) {
      const { ok } = await this.#options.function.invoke({ Records: [], ...window?.closing() });
      if (ok) break;
      await delay(backoffMs(tries + 1));
    }
    window?.close();
  }

  async #invoke(
    records: readonly DynamoDBRecord[],
    lane: Lane,
  ): Promise<{ firstFailed: number | undefined; isPartial: boolean }> {
    const { settings } = this.#options;
    const { window } = lane;
    const invoked = await this.#call(records, lane);
    const isKept = !invoked.ok || window === undefined || window.keep(invoked.result);
    const outcome = isKept ? invoked : { ok: false as const, reason: 'it returned no state' };
    const identifiers = records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? '');
    const failed = failedItems(outcome, identifiers, settings.FunctionResponseTypes.length > 0);
    const firstFailed = identifiers.findIndex((identifier) => failed.has(identifier));
    return { firstFailed: firstFailed < 0 ? undefined : firstFailed, isPartial: outcome.ok };
  }

  #call(records: readonly DynamoDBRecord[], { window }: Lane) {
    return this.#options.function.invoke({ Records: records, ...window?.open(Date.now()) });
  }

  async #withoutOld(records: readonly DynamoDBRecord[]): Promise<readonly DynamoDBRecord[]> {
    const { settings, onGivenUp } = this.#options;
    if (settings.MaximumRecordAgeInSeconds < 0) return records;
    const oldestS = Date.now() / 1_000 - settings.MaximumRecordAgeInSeconds;
    const { old = [], fresh = [] } = Object.groupBy(records, ({ dynamodb }) =>
      (dynamodb?.ApproximateCreationDateTime ?? 0) < oldestS ? 'old' : 'fresh',
    );
    if (old.length > 0) await onGivenUp(old, 'RecordAgeExceeded');
    return fresh;
  }
}

const isOver = ({ window }: Lane): boolean => window?.endMs !== undefined && window.endMs <= Date.now();

const backoffMs = (failures: number): number =>
  failures === 0 ? 0 : Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
