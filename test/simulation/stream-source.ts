import type { DynamoDBBatchResponse } from 'aws-lambda';
import { failedItems } from '../../infra/local/batch-response.ts';
import { compileFilters } from '../../infra/local/event-filter.ts';
import type { GivenUpBatch } from '../../infra/local/on-failure-record.ts';
import { type PendingBatch, planNext } from '../../infra/local/stream-batches.ts';
import { TumblingWindow } from '../../infra/local/tumbling-window.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { executionIdOf } from '../../shared/store/keys.ts';
import type { FunctionHost } from './function-host.ts';
import type { Surroundings } from './process.ts';

/** A batch with what Lambda adds where the source has windows. */
export interface StreamBatch {
  readonly records: readonly ChangeRecord[];
  readonly window: Partial<ReturnType<TumblingWindow['open']>>;
}

export interface StreamSettings {
  readonly name: string;
  readonly patterns: readonly object[];
  readonly batchSize: number;
  readonly retryAttempts: number;
  readonly maxRecordAgeMs: number;
  readonly bisects: boolean;
  /** Parts that are delivered side by side. */
  readonly lanes: number;
  /** What always comes to the same part: of a shard that is read in parts the changes of one item, else of one partition key. */
  readonly keepsOrderOf: 'item' | 'partition';
  readonly windowMs?: number;
  readonly batchingWindowMs?: number;
  readonly onHandled?: (records: readonly ChangeRecord[]) => void;
  /** A record never comes. */
  readonly onLost: (record: ChangeRecord) => void;
  /** Records were tried too often, or are too old; the last invocation of a window has none. */
  readonly onGivenUp: (batch: Omit<GivenUpBatch, 'records'> & { readonly records: readonly ChangeRecord[] }) => void;
}

interface Lane {
  readonly name: string;
  readonly records: ChangeRecord[];
  readonly window: TumblingWindow | undefined;
  batches: number;
  isBusy: boolean;
}

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 30_000;
const STANDS_AT_LEAST_MS = 60_000;
const MAX_STANDING_MS = 90 * 60_000;

/** The table's stream with the event source that feeds it to a function, by the filters of the stack. */
export class SimulatedStream {
  readonly #settings: StreamSettings;
  readonly #surroundings: Surroundings;
  readonly #host: FunctionHost<StreamBatch, DynamoDBBatchResponse>;
  readonly #isWanted: (record: unknown) => boolean;
  readonly #lanes = new Map<string, Lane>();
  /** By execution. */
  readonly #undelivered = new Map<string | undefined, number>();
  /** When records that are not handled came, by their place. */
  readonly #arrivedMs = new Map<string, number>();

  constructor(
    settings: StreamSettings,
    surroundings: Surroundings,
    host: FunctionHost<StreamBatch, DynamoDBBatchResponse>,
  ) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#host = host;
    this.#isWanted = compileFilters(settings.patterns.map((pattern) => JSON.stringify(pattern)));
  }

  get isEmpty(): boolean {
    return [...this.#lanes.values()].every(
      ({ records, isBusy, window }) => records.length === 0 && !isBusy && window?.endMs === undefined,
    );
  }

  /** Whether a record of this execution is still to be handled. */
  hasLeft(executionId: string): boolean {
    return (this.#undelivered.get(executionId) ?? 0) > 0;
  }

  push(record: ChangeRecord): void {
    const { faults } = this.#surroundings;
    const { name, onLost } = this.#settings;
    if (!this.#isWanted(toFilterView(record))) return;
    const { pk, sk } = record.key;
    if (faults.at(`${name}/record ${record.sequence}`, ['recordLost'], `${pk} ${sk}`) !== undefined) {
      onLost(record);
      return;
    }
    this.#count(record, 1);
    this.#arrivedMs.set(record.sequence, this.#surroundings.loop.nowMs);
    const lane = this.#laneOf(this.#settings.keepsOrderOf === 'item' ? `${pk} ${sk}` : pk);
    lane.records.push(record);
    this.#arm(lane);
  }

  #count(record: ChangeRecord, change: number): void {
    const executionId = executionIdOf(record);
    this.#undelivered.set(executionId, (this.#undelivered.get(executionId) ?? 0) + change);
  }

  #laneOf(ordered: string): Lane {
    let hash = 0;
    for (let index = 0; index < ordered.length; index++) hash = (hash * 31 + ordered.charCodeAt(index)) >>> 0;
    const name = `${this.#settings.name}-${hash % this.#settings.lanes}`;
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const { windowMs } = this.#settings;
    const window = windowMs === undefined ? undefined : new TumblingWindow(windowMs, name);
    const lane: Lane = { name, records: [], window, batches: 0, isBusy: false };
    this.#lanes.set(name, lane);
    return lane;
  }

  #arm(lane: Lane): void {
    if (lane.isBusy || lane.records.length === 0) return;
    lane.isBusy = true;
    const { batchingWindowMs = 0 } = this.#settings;
    const { latencies } = this.#surroundings;
    this.#surroundings.loop.after(
      batchingWindowMs + latencies.streamMs(`${lane.name}/latency ${lane.batches}`),
      () => void this.#drain(lane),
    );
  }

  async #drain(lane: Lane): Promise<void> {
    const { dice, faults, loop, latencies } = this.#surroundings;
    const { batchSize } = this.#settings;
    const site = `${lane.name}/batch ${++lane.batches}`;
    if (faults.at(`${site}/stands`, ['streamStands'], lane.name) !== undefined) {
      const standsMs = dice.int(`${site}/standing`, STANDS_AT_LEAST_MS, MAX_STANDING_MS);
      faults.last(loop.elapsedMs + standsMs);
      await this.#sleep(standsMs);
    }
    if (isOver(lane, loop.nowMs)) await this.#closeWindow(lane);
    const most = Math.min(batchSize, lane.records.length);
    const records = lane.records.splice(
      0,
      latencies.hasFullBatches || dice.chance(`${site}/whole`, 0.5) ? most : dice.int(site, 1, most),
    );
    await this.#settle(records, lane, site);
    for (const record of records) {
      this.#count(record, -1);
      this.#arrivedMs.delete(record.sequence);
    }
    if (isOver(lane, loop.nowMs)) await this.#closeWindow(lane);
    lane.isBusy = false;
    this.#arm(lane);
  }

  /** Delivers a batch until nothing of it is left. */
  async #settle(records: readonly ChangeRecord[], lane: Lane, site: string): Promise<void> {
    const { faults, dice } = this.#surroundings;
    const { bisects, retryAttempts, onHandled } = this.#settings;
    let pending: readonly PendingBatch<ChangeRecord>[] = [{ records, failures: 0 }];
    for (let round = 1; ; round++) {
      const [batch, ...rest] = pending;
      if (batch === undefined) return;
      if (batch.failures > 0) await this.#sleep(Math.min(FIRST_BACKOFF_MS * 2 ** batch.failures, MAX_BACKOFF_MS));
      const fresh = this.#withoutOld(batch, lane);
      if (fresh.length === 0) {
        pending = rest;
        continue;
      }
      const isTwice = faults.at(`${site}/${round}`, ['batchTwice'], lane.name) !== undefined;
      const { firstFailed, isPartial } = await this.#invoke(fresh, lane, isTwice);
      if (firstFailed === undefined && isTwice) {
        await this.#sleep(dice.int(`${site}/${round}/again`, 0, 600));
        continue;
      }
      onHandled?.(firstFailed === undefined ? fresh : fresh.slice(0, firstFailed));
      const tried = { ...batch, records: fresh };
      const next = planNext(tried, firstFailed, isPartial, { maxRetryAttempts: retryAttempts, bisects });
      if (next.givenUp.length > 0) this.#giveUp(lane, next.givenUp, batch.failures + 1);
      pending = [...next.pending, ...rest];
    }
  }

  #withoutOld({ records, failures }: PendingBatch<ChangeRecord>, lane: Lane): readonly ChangeRecord[] {
    const oldestMs = this.#surroundings.loop.nowMs - this.#settings.maxRecordAgeMs;
    const { old = [], fresh = [] } = Object.groupBy(records, ({ sequence }) =>
      (this.#arrivedMs.get(sequence) ?? oldestMs) < oldestMs ? 'old' : 'fresh',
    );
    if (old.length > 0) this.#giveUp(lane, old, failures, 'RecordAgeExceeded');
    return fresh;
  }

  #giveUp(
    { name }: Lane,
    records: readonly ChangeRecord[],
    invokeCount: number,
    condition: GivenUpBatch['condition'] = 'RetryAttemptsExhausted',
  ): void {
    this.#surroundings.trace(() => `${name} gives ${records.length} records up: ${condition}`);
    this.#settings.onGivenUp({ records, shardId: name, condition, invokeCount });
  }

  /** @param isForgotten what it returned is lost with the note that the batch was handled: a window's state goes with it */
  async #invoke(
    records: readonly ChangeRecord[],
    { window }: Lane,
    isForgotten: boolean,
  ): Promise<{ firstFailed: number | undefined; isPartial: boolean }> {
    const { loop } = this.#surroundings;
    const isNew = window !== undefined && window.endMs === undefined;
    const fields = window?.open(loop.nowMs) ?? {};
    const invoking = this.#host.invoke({ records, window: fields });
    if (isNew) this.#armWindow(window);
    const invoked = await invoking;
    const isKept = !invoked.ok || window === undefined || isForgotten || window.keep(invoked.result);
    const identifiers = records.map(({ sequence }) => sequence);
    const failed = failedItems(invoked.ok && isKept ? invoked : { ok: false, reason: '' }, identifiers, true);
    const firstFailed = identifiers.findIndex((identifier) => failed.has(identifier));
    return { firstFailed: firstFailed < 0 ? undefined : firstFailed, isPartial: invoked.ok };
  }

  #armWindow(window: TumblingWindow): void {
    const { loop } = this.#surroundings;
    loop.after((window.endMs ?? loop.nowMs) - loop.nowMs + 1, () => {
      const lane = [...this.#lanes.values()].find((one) => one.window === window);
      if (lane === undefined || lane.isBusy || !isOver(lane, loop.nowMs)) return;
      lane.isBusy = true;
      void this.#closeWindow(lane).then(() => {
        lane.isBusy = false;
        this.#arm(lane);
      });
    });
  }

  /** The last invocation of a window is repeated until it succeeds, like any other. */
  async #closeWindow(lane: Lane): Promise<void> {
    const { window } = lane;
    for (let failures = 0; failures <= this.#settings.retryAttempts; failures++) {
      const fields = window?.closing();
      if (fields === undefined) return;
      if (failures > 0) await this.#sleep(Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS));
      const { ok } = await this.#host.invoke({ records: [], window: fields });
      if (!ok) continue;
      window?.close();
      return;
    }
    window?.close();
    this.#giveUp(lane, [], this.#settings.retryAttempts + 1);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#surroundings.loop.after(ms, resolve));
  }
}

const isOver = ({ window }: Lane, nowMs: number): boolean => window?.endMs !== undefined && window.endMs <= nowMs;

/** As much of a record as patterns look at: text, numbers and booleans at the top of its images, the numbers as text. */
const toFilterView = ({ key, before, after }: ChangeRecord) => ({
  eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
  dynamodb: {
    Keys: { pk: { S: key.pk }, sk: { S: key.sk } },
    ...(after !== undefined && { NewImage: toImage(after) }),
  },
});

function toImage(item: Item): Record<string, { S: string } | { N: string } | { BOOL: boolean }> {
  const image: Record<string, { S: string } | { N: string } | { BOOL: boolean }> = {};
  for (const [name, value] of Object.entries(item)) {
    if (typeof value === 'string') image[name] = { S: value };
    if (typeof value === 'number') image[name] = { N: String(value) };
    if (typeof value === 'boolean') image[name] = { BOOL: value };
  }
  return image;
}
