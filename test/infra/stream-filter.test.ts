import { rmSync } from 'node:fs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileFilters } from '../../infra/local/event-filter.ts';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { compile } from '../../shared/core/compile.ts';
import { initialState } from '../../shared/core/initial-state.ts';
import { ExecutionId, NodeId } from '../../shared/model/ids.ts';
import type { MetaItem } from '../../shared/model/items.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { openStore, type Store } from '../../shared/store/store.ts';
import { anExecutionService } from '../support/factories-service.ts';
import { synthesized } from './synthesized.ts';

const { template, outdir } = synthesized();
rmSync(outdir, { recursive: true });
const sources = Object.values(
  template.findResources('AWS::Lambda::EventSourceMapping', { Properties: { StartingPosition: 'TRIM_HORIZON' } }),
);
const filterOf = (source: (typeof sources)[number] | undefined) => {
  const patterns: readonly { Pattern: string }[] = source?.Properties.FilterCriteria.Filters;
  return compileFilters(patterns.map(({ Pattern }) => Pattern));
};
const isDelivered = filterOf(sources.find(({ Properties }) => Properties.TumblingWindowInSeconds === undefined));
const isObserved = filterOf(sources.find(({ Properties }) => Properties.TumblingWindowInSeconds !== undefined));

const toImage = (item: Item) => marshall(item, { removeUndefinedValues: true });

/** A change as the stream's record tells it. */
const toStreamRecord = ({ key, before, after }: ChangeRecord) => ({
  eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
  dynamodb: {
    Keys: { pk: { S: key.pk }, sk: { S: key.sk } },
    ...(before !== undefined && { OldImage: toImage(before) }),
    ...(after !== undefined && { NewImage: toImage(after) }),
  },
});

describe('the filter of the stream', () => {
  const database = openDatabase(':memory:', { mode: 'engine', clock: systemClock });
  const table = new SqliteItemTable(database);
  const store: Store = openStore(table, new SqliteBlobStore(database));
  const service = anExecutionService({ store, clock: systemClock, pools: {}, advance: 'stream' });
  const definition = { name: 'filtered', nodes: { a: { type: 'transform', output: 1 } } };
  const executionId = ExecutionId.parse('filtered-1');
  let changes: ChangeRecord[] = [];
  let meta: MetaItem;

  beforeAll(async () => {
    table.subscribe((records) => changes.push(...records));
    await service.start({ definition, input: {}, executionId });
    meta = await loadMeta();
  });
  afterAll(() => database.close());

  async function loadMeta(): Promise<MetaItem> {
    const found = await store.executions.loadMeta(executionId);
    if (found === undefined) throw new Error('The execution is gone');
    return found;
  }

  /** What the filter says of each change that `act` makes, by sort key. */
  async function delivered(act: () => Promise<unknown>): Promise<Record<string, boolean>> {
    // Changes are told after their commit.
    await new Promise((resolve) => setTimeout(resolve, 20));
    changes = [];
    await act();
    await expect.poll(() => changes.length).toBeGreaterThan(0);
    return Object.fromEntries(changes.map((change) => [change.key.sk, isDelivered(toStreamRecord(change))]));
  }

  it('keeps a start and drops the workflow and the definition it brings', async () => {
    const other = ExecutionId.parse('filtered-2');
    const told = await delivered(() =>
      service.start({ definition: { ...definition, name: 'other' }, input: {}, executionId: other }),
    );

    const { META, ...others } = told;
    expect(META).toBe(true);
    expect(Object.keys(others)).toHaveLength(2);
    expect(new Set(Object.values(others))).toEqual(new Set([false]));
  });

  it("drops the scheduler's own saves of a state, new and changed", async () => {
    const save = { state: initialState(compile(definition), 10), batches: {}, savedAtMs: 1 };

    expect(await delivered(() => store.executions.saveState(executionId, 0, save))).toEqual({ STATE: false });
    expect(await delivered(() => store.executions.saveState(executionId, 1, save))).toEqual({ STATE: false });
  });

  it('keeps a result', async () => {
    const key = { executionId, resultShards: undefined, node: NodeId.parse('a'), visit: 1, run: 1 };
    const times = { queuedAtMs: 1, startedAtMs: 2, endedAtMs: 3 };
    const told = await delivered(() =>
      store.results.putResult({
        advance: 1,
        ...key,
        ...times,
        status: 'SUCCEEDED',
        source: 'engine',
        output: { inline: '1' },
        attempts: [],
      }),
    );

    expect(Object.values(told)).toEqual([true]);
  });

  it('keeps the plan of a map and the end of a chunk', async () => {
    const key = { executionId, resultShards: undefined, node: NodeId.parse('a'), visit: 2, run: 1 };
    const times = { queuedAtMs: 1, startedAtMs: 2, endedAtMs: 3 };
    const planned = await delivered(() =>
      store.results.putMap({ ...key, items: 2, chunks: 1, chunkSize: 2, manifest: 'executions/x', startedAtMs: 1 }),
    );
    const ended = await delivered(() =>
      store.results.putChunk({ ...key, ...times, chunk: 0, outcome: { inline: '{}' }, failedItems: 0, attempts: [] }),
    );

    expect([...Object.values(planned), ...Object.values(ended)]).toEqual([true, true]);
  });

  it('drops a failed attempt that will be repeated', async () => {
    const told = await delivered(() =>
      store.results.putAttempt({
        executionId,
        resultShards: undefined,
        node: NodeId.parse('a'),
        visit: 1,
        run: 1,
        attempt: 1,
        error: { name: 'Error', message: 'no' },
        startedAtMs: 1,
        endedAtMs: 2,
        nextAttemptAtMs: 3,
        message: '{}',
      }),
    );

    expect(Object.values(told)).toEqual([false]);
  });

  it('keeps every flag that is raised while the execution is open', async () => {
    expect(await delivered(() => store.executions.pause(meta, 1))).toEqual({ META: true });
    expect(await delivered(() => store.executions.resume(meta, 2))).toEqual({ META: true });
    expect(await delivered(() => store.executions.requestStop(meta, 'CANCELLED', 1))).toEqual({ META: true });
    expect(await delivered(() => store.executions.markSettleElapsed(meta))).toEqual({ META: true });
  });

  it('drops the end, which concerns the scheduler no more, and keeps a redrive', async () => {
    const stopping = await loadMeta();

    expect(await delivered(() => store.executions.finish(stopping, { status: 'FAILED', endedAtMs: 2 }))).toEqual({
      META: false,
    });
    expect(await delivered(() => service.redrive(executionId))).toEqual({ META: true });
  });

  it('drops a deletion', () => {
    const result = { pk: 'EXEC#x', sk: 'RESULT#a#000001#0001', advance: 1 };
    const record = { shard: 's', sequence: '1', key: { pk: result.pk, sk: result.sk }, before: result };

    expect(isDelivered(toStreamRecord(record))).toBe(false);
  });
});

describe("the filter of the observer's stream", () => {
  const told = (sk: string, pk = 'EXEC#x') => {
    const item = { pk, sk };
    return isObserved(toStreamRecord({ sequence: '1', key: item, after: item }));
  };

  it('keeps what makes events', () => {
    for (const sk of ['META', 'RESULT#a#1', 'ATTEMPT#a#1', 'MAP#a#1', 'CHUNK#a#1', 'STARTED#a#1'])
      expect([sk, told(sk)]).toEqual([sk, true]);
  });

  it("drops states, checkpoints, and the observer's own items", () => {
    for (const sk of ['STATE', 'CHECKPOINT#1', 'EVENT#1#1', 'OBSERVED']) expect([sk, told(sk)]).toEqual([sk, false]);
    expect(told('WINDOW#1', 'METRICS#orders')).toBe(false);
    expect(told('RESULT', 'CACHE#1')).toBe(false);
  });
});
