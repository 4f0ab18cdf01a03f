import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBStreamsClient, _Record as StreamRecord } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord } from 'aws-lambda';
import { compileFilters } from './event-filter.ts';
import type { Deliveries } from './faults.ts';
import type { LocalFunction } from './local-function.ts';
import type { GivenUpBatch } from './on-failure-record.ts';
import type { EventSourceProperties } from './resource-schemas.ts';
import type { StreamStatus } from './stack-status.ts';
import { toDynamoDbRecord } from './stream-event.ts';
import { arrivalMs, StreamLane } from './stream-lane.ts';
import { StreamReader } from './stream-reader.ts';

/** Lambda looks at a stream four times a second; here a local run should not wait for it. */
const BUSY_POLL_MS = 15;
const IDLE_POLL_MS = 100;
const IDLE_FACTOR = 1.3;

/** Records that wait, after which no more are read. */
const MAX_BACKLOG = 5_000;

export interface StreamSourceOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly streamArn: string;
  readonly function: LocalFunction;
  readonly settings: EventSourceProperties;
  readonly deliveries: Deliveries;
  /** Takes what was tried too often, or is too old, where the source has a destination for it. */
  readonly onGivenUp: (batch: GivenUpBatch) => Promise<void>;
  readonly log: (line: string) => void;
}

/**
 * Feeds a table's stream to a function as Lambda does: filtered, `ParallelizationFactor` batches of a shard at once, in order
 * for each item, and for each partition key only where that factor is 1.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export class StreamSource {
  readonly #options: StreamSourceOptions;
  readonly #isWanted: (record: unknown) => boolean;
  readonly #lanes = new Map<string, StreamLane>();
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;
  /** By shard: when what was read of it last is handed over. */
  readonly #handedOver = new Map<string, Promise<void>>();
  readonly #waiting = new Set<DynamoDBRecord>();
  #counts = { settled: 0, givenUp: 0, filtered: 0 };

  constructor(options: StreamSourceOptions) {
    this.#options = options;
    this.#isWanted = compileFilters((options.settings.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern));
    this.#reading = this.#read(new StreamReader(options.streams, options.streamArn));
  }

  get status(): StreamStatus {
    const oldestMs = Math.min(...[...this.#waiting].map(arrivalMs));
    return {
      name: this.#options.function.label,
      ...(this.#waiting.size > 0 && { iteratorAgeMs: Math.max(0, Date.now() - oldestMs) }),
      waiting: this.#waiting.size,
      ...this.#counts,
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
    await Promise.all([...this.#handedOver.values(), ...[...this.#lanes.values()].map((lane) => lane.idle())]);
  }

  async #read(reader: StreamReader): Promise<void> {
    const { signal } = this.#abort;
    let pauseMs = BUSY_POLL_MS;
    while (!signal.aborted) {
      try {
        const readAtMs = Date.now();
        const shards = this.#waiting.size > MAX_BACKLOG ? [] : await reader.read(signal);
        const hasRead = shards.some(({ records }) => records.length > 0);
        for (const { shardId, records } of shards) this.#take(shardId, records, readAtMs);
        pauseMs = hasRead || this.#waiting.size > 0 ? BUSY_POLL_MS : Math.min(pauseMs * IDLE_FACTOR, IDLE_POLL_MS);
        await delay(pauseMs, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
        await delay(IDLE_POLL_MS);
      }
    }
  }

  #take(shardId: string, read: readonly StreamRecord[], readAtMs: number): void {
    const records = read.map((record) => toDynamoDbRecord(record, this.#options.settings.EventSourceArn, readAtMs));
    const wanted = records.filter(this.#isWanted);
    this.#counts.filtered += records.length - wanted.length;
    for (const record of wanted) this.#waiting.add(record);
    const handOver = () => {
      for (const [part, ofPart] of this.#byPart(wanted)) this.#laneOf(shardId, part).push(ofPart);
      if (records.length > 0) return;
      for (const [name, lane] of this.#lanes) if (name.startsWith(`${shardId} `)) lane.hasNothingUntil(readAtMs);
    };
    const latencyMs = wanted.length > 0 ? this.#options.deliveries.latencyMs('stream') : 0;
    const before = this.#handedOver.get(shardId);
    if (before === undefined && latencyMs === 0) {
      handOver();
      return;
    }
    // What was read before stays before.
    const { signal } = this.#abort;
    const waited = delay(latencyMs, undefined, { signal }).catch(() => undefined);
    const handedOver = Promise.all([before, waited]).then(() => {
      if (this.#handedOver.get(shardId) === handedOver) this.#handedOver.delete(shardId);
      if (!signal.aborted) handOver();
    });
    this.#handedOver.set(shardId, handedOver);
  }

  /** Records of one item always come to the same part. */
  #byPart(records: readonly DynamoDBRecord[]): ReadonlyMap<number, readonly DynamoDBRecord[]> {
    const { ParallelizationFactor } = this.#options.settings;
    return Map.groupBy(records, ({ dynamodb }) => partOf(dynamodb?.Keys, ParallelizationFactor));
  }

  #laneOf(shardId: string, part: number): StreamLane {
    const name = `${shardId} ${part}`;
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const { function: target, settings, deliveries, onGivenUp } = this.#options;
    const lane = new StreamLane({
      ...{ shardId, settings, deliveries, signal: this.#abort.signal },
      invoke: (event, options) => target.invoke(event, options),
      throttle: () => target.throttle(),
      onSettled: (records) => {
        for (const record of records) this.#waiting.delete(record);
        this.#counts.settled += records.length;
      },
      onGivenUp: (batch) => {
        this.#counts.givenUp += batch.records.length;
        return onGivenUp(batch);
      },
    });
    this.#lanes.set(name, lane);
    return lane;
  }
}

/** The part of a shard that an item's records belong to, of so many. @param key both parts of it */
export function partOf(key: unknown, parts: number): number {
  const hash = createHash('sha256').update(JSON.stringify(key) ?? '');
  return hash.digest().readUInt32BE() % parts;
}
