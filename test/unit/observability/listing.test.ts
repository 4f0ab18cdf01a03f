import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { type ListOptions, listExecutions } from '../../../shared/executor/listing.ts';
import { ExecutionConfig } from '../../../shared/model/config.ts';
import { DefinitionHash, ExecutionId, WorkflowName } from '../../../shared/model/ids.ts';
import { SCHEMA_VERSION } from '../../../shared/model/schema-version.ts';
import type { ItemTable } from '../../../shared/ports/item-table.ts';
import { attributeKey, attributeListing, listingKey, metaKey } from '../../../shared/store/keys.ts';
import { aDefinition, aTask } from '../../support/factories.ts';
import { aStore } from '../../support/factories-observability.ts';

async function aBench() {
  const bench = aStore();
  const { store } = bench;
  const start = async (
    workflow: string,
    id: string,
    startedAtMs: number,
    isOver = false,
    searchAttributes?: Record<string, string>,
  ) => {
    await store.definitions.publish(compile(aDefinition({ a: aTask() }, { name: workflow })), 1);
    const { meta } = await store.executions.create({
      executionId: ExecutionId.parse(id),
      workflow: WorkflowName.parse(workflow),
      definitionHash: DefinitionHash.parse('a'.repeat(64)),
      config: ExecutionConfig.parse({}),
      input: { inline: 'null' },
      requestDigest: 'd',
      searchAttributes,
      startedAtMs,
      dueAtMs: startedAtMs,
    });
    if (isOver) await store.executions.finish(meta, { status: 'FAILED', endedAtMs: startedAtMs + 5 });
  };
  const idsOf = async (options: ListOptions) =>
    (await listExecutions(store, options)).executions.map(({ executionId }) => executionId);
  const allIds = async (options: ListOptions) => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await listExecutions(store, { ...options, ...(after !== undefined && { after }) });
      ids.push(...page.executions.map(({ executionId }) => executionId));
      after = page.next;
    } while (after !== undefined);
    return ids;
  };
  return { ...bench, start, idsOf, allIds };
}

/** Gives how many items were asked for by their keys since. */
function countLookedUp(table: ItemTable): () => number {
  let count = 0;
  const { getMany } = table;
  table.getMany = (keys, options) => {
    count += keys.length;
    return getMany.call(table, keys, options);
  };
  return () => count;
}

describe('a list of executions', () => {
  it('has the latest start first, of one workflow or of all', async () => {
    await using bench = await aBench();
    await bench.start('orders', 'o1', 100);
    await bench.start('audit', 'a1', 200);
    await bench.start('orders', 'o2', 300);

    expect(await bench.idsOf({})).toEqual(['o2', 'a1', 'o1']);
    expect(await bench.idsOf({ workflow: 'orders' })).toEqual(['o2', 'o1']);
    expect(await bench.idsOf({ workflow: 'unknown' })).toEqual([]);
  });

  it('says how each stands', async () => {
    await using bench = await aBench();
    await bench.start('orders', 'o1', 100, true);

    expect((await listExecutions(bench.store, {})).executions).toEqual([
      { executionId: 'o1', workflow: 'orders', status: 'FAILED', run: 1, startedAtMs: 100, endedAtMs: 105 },
    ]);
  });

  it('comes in pages with each execution once, also of those that started in one millisecond', async () => {
    await using bench = await aBench();
    const ids = Array.from({ length: 25 }, (_, index) => `e${String(index).padStart(2, '0')}`);
    for (const [index, id] of ids.entries()) await bench.start(index % 2 === 0 ? 'orders' : 'audit', id, 100);

    for (const limit of [1, 4, 25, 100]) expect(await bench.allIds({ limit })).toEqual(ids.toReversed());
  });

  it('finds those of a status, however few', async () => {
    await using bench = await aBench();
    for (let index = 0; index < 30; index++) await bench.start('orders', `e${index}`, 100 + index, index % 10 === 0);

    expect(await bench.idsOf({ status: 'FAILED', limit: 2 })).toEqual(['e20', 'e10']);
    expect(await bench.allIds({ status: 'FAILED', limit: 2 })).toEqual(['e20', 'e10', 'e0']);
    expect(await bench.allIds({ status: 'RUNNING', limit: 7 })).toHaveLength(27);
    expect(await bench.idsOf({ status: 'PAUSED' })).toEqual([]);
  });

  it('looks up only those that may have the status asked for', async () => {
    await using bench = await aBench();
    for (let index = 0; index < 30; index++) await bench.start('orders', `e${index}`, 100 + index, index % 10 === 0);
    const lookedUp = countLookedUp(bench.table);

    const failed = await bench.idsOf({ status: 'FAILED' });
    const ofFailed = lookedUp();
    const cancelled = await bench.idsOf({ status: 'CANCELLED' });
    const ofCancelled = lookedUp() - ofFailed;
    await bench.idsOf({ status: 'RUNNING' });
    const ofRunning = lookedUp() - ofFailed - ofCancelled;

    expect(failed).toEqual(['e20', 'e10', 'e0']);
    expect(cancelled).toEqual([]);
    expect({ ofFailed, ofCancelled, ofRunning }).toEqual({ ofFailed: 3, ofCancelled: 0, ofRunning: 27 });
  });

  it('has executions of a newer version, whatever their end is called there, and leaves out what cannot be read', async () => {
    await using bench = await aBench();
    await bench.start('orders', 'older', 100);
    await bench.start('orders', 'newer', 200, true);
    await bench.start('orders', 'corrupt', 300, true);
    const newerOnly = { v: SCHEMA_VERSION + 1, endedAs: 'ABANDONED', config: 'other' };
    await bench.table.update(metaKey(ExecutionId.parse('newer')), { set: newerOnly });
    await bench.table.update(metaKey(ExecutionId.parse('corrupt')), { set: { startedAtMs: 'soon' } });

    expect(await bench.idsOf({})).toEqual(['newer', 'older']);
    expect(await bench.idsOf({ workflow: 'orders', status: 'RUNNING' })).toEqual(['older']);
  });

  it('ends with those that started at a given time', async () => {
    await using bench = await aBench();
    for (let index = 0; index < 30; index++) await bench.start('orders', `e${index}`, 100 + index, index % 10 === 0);

    expect(await bench.idsOf({ fromMs: 128 })).toEqual(['e29', 'e28']);
    expect(await bench.allIds({ fromMs: 110, limit: 4 })).toHaveLength(20);
    expect(await bench.allIds({ fromMs: 110, limit: 4, status: 'FAILED' })).toEqual(['e20', 'e10']);
    expect(await listExecutions(bench.store, { fromMs: 130 })).toEqual({ executions: [] });
  });

  it('has those that started in a range of time, both ends in it', async () => {
    await using bench = await aBench();
    for (const startedAtMs of [100, 200, 300, 400]) {
      await bench.start('orders', `o${startedAtMs}`, startedAtMs);
      await bench.start('audit', `a${startedAtMs}`, startedAtMs);
    }
    const range = { fromMs: 200, toMs: 300 };

    expect(await bench.idsOf({ workflow: 'orders', ...range })).toEqual(['o300', 'o200']);
    expect(await bench.allIds({ ...range, limit: 1 })).toEqual(['o300', 'a300', 'o200', 'a200']);
    expect(await bench.idsOf({ workflow: 'orders', fromMs: 301 })).toEqual(['o400']);
    expect(await bench.idsOf({ workflow: 'orders', toMs: 99 })).toEqual([]);
    expect(await bench.idsOf({ fromMs: 300, toMs: 200 })).toEqual([]);
  });

  it('has those that were started with all the search attributes asked for', async () => {
    await using bench = await aBench();
    await bench.start('orders', 'o1', 100, true, { customer: 'c1', region: 'eu' });
    await bench.start('orders', 'o2', 200, false, { customer: 'c1', region: 'us' });
    await bench.start('orders', 'o3', 300, false, { customer: 'c2', region: 'eu' });
    await bench.start('audit', 'a1', 250, false, { customer: 'c1' });
    await bench.start('orders', 'o4', 400);
    const of = (searchAttributes: Record<string, string>, more: ListOptions = {}) =>
      bench.idsOf({ searchAttributes, ...more });

    expect(await of({ customer: 'c1' })).toEqual(['a1', 'o2', 'o1']);
    expect(await of({ customer: 'c1' }, { workflow: 'orders' })).toEqual(['o2', 'o1']);
    expect(await of({ customer: 'c1', region: 'eu' })).toEqual(['o1']);
    expect(await of({ region: 'eu', customer: 'c1' })).toEqual(['o1']);
    expect(await of({ customer: 'c1' }, { status: 'FAILED' })).toEqual(['o1']);
    expect(await of({ customer: 'c1' }, { fromMs: 150, toMs: 220 })).toEqual(['o2']);
    expect(await of({ customer: 'c1' }, { after: '000000000000250#a1' })).toEqual(['o2', 'o1']);
    expect(await of({ customer: 'c' })).toEqual([]);
    expect(await of({ colour: 'red' })).toEqual([]);
    expect(await bench.allIds({ searchAttributes: { customer: 'c1' }, limit: 1 })).toEqual(['a1', 'o2', 'o1']);
    // Their own places in the index of executions are no executions of a workflow.
    expect(await bench.idsOf({ workflow: 'orders' })).toEqual(['o4', 'o3', 'o2', 'o1']);
  });

  it('looks up a bounded number for each page, however many share a search attribute', async () => {
    await using bench = await aBench();
    await bench.start('orders', 'rare', 1, true, { region: 'eu' });
    for (let n = 0; n < 1_500; n++) await bench.start('orders', `o${n}`, 10 + n, false, { region: 'eu' });
    const lookedUp = countLookedUp(bench.table);
    const failed: ListOptions = { searchAttributes: { region: 'eu' }, status: 'FAILED', limit: 10 };

    const first = await listExecutions(bench.store, failed);
    const lookedUpFirst = lookedUp();
    const second = await listExecutions(bench.store, { ...failed, after: first.next });

    expect(first).toEqual({ executions: [], next: expect.any(String) });
    expect(lookedUpFirst).toBe(1_000);
    expect(second.executions.map(({ executionId }) => executionId)).toEqual(['rare']);
    expect(second.next).toBeUndefined();
  });

  it('shows nothing of a start that was refused, or never finished', async () => {
    await using bench = await aBench();
    await bench.start('orders', 'mine', 100, false, { customer: 'c1' });
    await bench.start('orders', 'mine', 150, false, { customer: 'c2', region: 'eu' });
    await bench.start('audit', 'mine', 160, false, { customer: 'c1' });

    expect(await bench.idsOf({ searchAttributes: { customer: 'c2' } })).toEqual([]);
    expect(await bench.idsOf({ searchAttributes: { region: 'eu' } })).toEqual([]);
    expect(await bench.idsOf({ searchAttributes: { customer: 'c1' } })).toEqual(['mine']);
    expect(await bench.idsOf({ workflow: 'audit', searchAttributes: { customer: 'c1' } })).toEqual([]);
  });

  it('finds an execution whose id another start had in hand, and dropped', async () => {
    await using bench = await aBench();
    const id = ExecutionId.parse('mine');
    await bench.table.put({
      ...attributeKey(id, 'audit', 'customer', 'c1'),
      ...{ v: 1, executionId: id, workflow: attributeListing('audit', 'customer', 'c1'), listedAs: listingKey(50, id) },
    });
    await bench.start('orders', 'mine', 100, false, { customer: 'c1' });

    expect(await bench.idsOf({ workflow: 'orders', searchAttributes: { customer: 'c1' } })).toEqual(['mine']);
    expect(await bench.idsOf({ workflow: 'audit', searchAttributes: { customer: 'c1' } })).toEqual([]);
  });

  it('refuses what is no page, status or limit', async () => {
    await using bench = await aBench();

    for (const options of [
      { after: 'x' },
      { limit: 0 },
      { limit: 1_001 },
      { status: 'DONE' as 'FAILED' },
      { workflow: 'orders#customer=c1' },
      { fromMs: -1 },
      { searchAttributes: { 'a=b': 'c' } },
      { searchAttributes: { customer: '' } },
      { searchAttributes: { customer: '\ud800' } },
      { searchAttributes: { a: '1', b: '1', c: '1', d: '1' } },
    ]) {
      await expect(listExecutions(bench.store, options)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });
});
