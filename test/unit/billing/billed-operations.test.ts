import { describe, expect, it } from 'vitest';
import { toBilledItem } from '../../../shared/billing/billed-items.ts';
import { type BilledStack, computeBilledOperations, DEFAULT_STACK } from '../../../shared/billing/billed-operations.ts';
import { PRICES } from '../../../shared/billing/prices.ts';
import type { Json } from '../../../shared/model/json.ts';
import type { Item, Value } from '../../../shared/ports/item-table.ts';
import { aPlan, aTask } from '../../support/factories.ts';
import { aMeta, anAttempt, aResult } from '../../support/factories-observability.ts';

type Nodes = { [id: string]: Json };
type Attributes = { [name: string]: Value };

const PK = 'EXEC#execution-1';
const succeeded = (overrides: Attributes = {}) => aMeta({ status: 'SUCCEEDED', endedAtMs: 1_900, ...overrides });
const aState = (revision: number, overrides: Attributes = {}): Item => ({
  pk: PK,
  sk: 'STATE',
  v: 1,
  revision,
  ...overrides,
});

/** A visit that ran for 100 ms, once; all of these within a second. */
const ran = (node: string, queuedAtMs: number, overrides: Attributes = {}) =>
  aResult({
    sk: `RESULT#${node}#000001#0001`,
    node,
    queuedAtMs,
    attempts: [{ attempt: 1, startedAtMs: 1_100, endedAtMs: 1_200 }],
    startedAtMs: 1_100,
    endedAtMs: 1_200,
    ...overrides,
  });

function bill(nodes: Nodes, items: readonly Item[], overrides: { stack?: Partial<BilledStack> } = {}) {
  return computeBilledOperations({
    plan: aPlan(nodes),
    items: items.flatMap((item) => toBilledItem(item) ?? []),
    stack: { ...DEFAULT_STACK, ...overrides.stack },
    nowMs: 5_000,
  });
}

/** What one more thing adds, or another in its place: only counts that differ. */
function difference(less: ReturnType<typeof bill>, more: ReturnType<typeof bill>) {
  const { estimatedUsd: _usd, ...before } = less;
  return Object.fromEntries(
    Object.entries(before).flatMap(([kind, count]) => {
      const added = Object.entries(more).find(([name]) => name === kind)?.[1] ?? 0;
      return Math.abs(added - count) < 1e-9 ? [] : [[kind, Math.round((added - count) * 1e6) / 1e6]];
    }),
  );
}

const CHAIN: Nodes = { a: aTask(), b: aTask({ dependsOn: ['a'] }), c: aTask({ dependsOn: ['b'] }) };
const chainItems = [succeeded(), aState(4), ran('a', 1_000), ran('b', 1_300), ran('c', 1_600)];
const chain = bill(CHAIN, chainItems);

describe('what an execution is billed for', () => {
  it('is, for a chain of three', () => {
    const { estimatedUsd, ...counts } = chain;

    expect(counts).toEqual({
      apiRequests: 1,
      // META at the start: itself, listed. At the end: itself. A state for the start and each result, three results, and an
      // item of five events, packed.
      writeUnits: 2 + 1 + 4 + 3 + 1,
      // For each message META, as they ran side by side, and the node's parent if it has one; META and a state that is not there yet; the last result, for the
      // output; all results, for the metrics; META once more, to see that it ended.
      readUnits: 3 + 2 + 2 + 1 + 1 + 0.5,
      queueRequests: 3 * 3,
      // The API, the scheduler for the start and each result, a runner for each, the observer.
      invocations: 1 + 4 + 3 + 1,
      computeGbSeconds: expect.closeTo(0.3, 9),
      objectPuts: 0,
      objectGets: 0,
      busEvents: 2,
    });
    expect(estimatedUsd).toBeCloseTo(
      (1 * 1 + 11 * 0.625 + 9.5 * 0.125 + 9 * 0.4 + 9 * 0.2 + 0.3 * 13.3334 + 2 * 1) / 1e6,
      12,
    );
  });

  it('is, for nodes that were sent together, a request for ten of them', () => {
    const ids = Array.from({ length: 25 }, (_, n) => `n${n}`);
    const nodes = Object.fromEntries(ids.map((id) => [id, aTask()]));
    const items = [succeeded(), aState(2), ...ids.map((id) => ran(id, 1_000))];

    const { queueRequests, invocations, computeGbSeconds } = bill(nodes, items);

    expect(queueRequests).toBe(3 * 3);
    expect(invocations).toBe(1 + 2 + 3 + 1);
    // Ten side by side take as long as one.
    expect(computeGbSeconds).toBeCloseTo(0.3, 9);
  });

  it('is, for nodes that waited for each other, a request each, however fast they were', () => {
    const atOnce = [succeeded(), aState(4), ran('a', 1_000), ran('b', 1_000), ran('c', 1_000)];

    expect(difference(chain, bill(CHAIN, atOnce))).toEqual({});
  });

  it('is, for the visits of a loop, a request each', () => {
    const nodes = { a: aTask({ next: 'a' }) };
    const visits = [1, 2, 3].map((visit) => ran('a', 1_000, { sk: `RESULT#a#00000${visit}#0001`, visit }));
    const plan = aPlan(nodes, { strategy: 'conditional' });
    const items = [succeeded(), aState(4), ...visits].flatMap((item) => toBilledItem(item) ?? []);

    expect(computeBilledOperations({ plan, items, stack: DEFAULT_STACK, nowMs: 5_000 })).toMatchObject({
      queueRequests: 9,
      invocations: 1 + 4 + 3 + 1,
    });
  });

  it('is, in a named pool, an invocation for each message', () => {
    const pooled = (pool?: string) => ({ a: aTask({ ...(pool && { pool }) }), b: aTask({ ...(pool && { pool }) }) });
    const items = [succeeded(), aState(2), ran('a', 1_000), ran('b', 1_000)];

    expect(difference(bill(pooled(), items), bill(pooled('slow'), items))).toEqual({
      // Sent together all the same; received and deleted one by one.
      queueRequests: 2,
      invocations: 1,
      // Each looks at the execution's flags.
      readUnits: 1,
      computeGbSeconds: 0.1,
    });
  });

  it('is, for what runs on with the node before it, a look at the flags every half second', () => {
    const inline = (afterMs: number) =>
      bill(CHAIN, [
        succeeded({ isEager: true }),
        ran('a', 1_000, { inlined: 1 }),
        ran('b', 1_200, { inlined: 2, attempts: [{ attempt: 1, startedAtMs: 1_200, endedAtMs: 1_300 }] }),
        ran('c', 1_300, {
          ends: true,
          attempts: [{ attempt: 1, startedAtMs: 1_200 + afterMs, endedAtMs: 1_300 + afterMs }],
        }),
      ]);

    expect(inline(100)).toMatchObject({ readUnits: 1 + 1 + 0.5, queueRequests: 3 });
    expect(difference(inline(100), inline(500))).toEqual({ readUnits: 1 });
  });

  it('is, for nodes that were sent together and wait for the same one, a read of it for ten', () => {
    const ids = Array.from({ length: 25 }, (_, n) => `n${n}`);
    const nodesAfter = (dependsOn: string[]) => ({
      root: aTask(),
      ...Object.fromEntries(ids.map((id) => [id, aTask({ dependsOn })])),
    });
    const items = [succeeded(), aState(3), ran('root', 1_000), ...ids.map((id) => ran(id, 1_300))];

    expect(difference(bill(nodesAfter([]), items), bill(nodesAfter(['root']), items))).toMatchObject({ readUnits: 3 });
  });

  it('is, for a join of many, a read of all results together', () => {
    const ids = Array.from({ length: 25 }, (_, n) => `n${n}`);
    const nodes = { ...Object.fromEntries(ids.map((id) => [id, aTask()])), join: aTask({ dependsOn: ids }) };
    const items = [succeeded(), aState(3), ...ids.map((id) => ran(id, 1_000)), ran('join', 1_300)];

    // The flags for three batches and the join; 26 results with 5.2 KB; META and no state; the join for the output; all
    // results for the metrics.
    expect(bill(nodes, items).readUnits).toBe(3 + 1 + 2 + 2 + 1 + 2 + 0.5);
  });

  it('is, for each parent of a join, a read by its size', () => {
    const nodes = { a: aTask(), b: aTask(), join: aTask({ dependsOn: ['a', 'b'] }) };
    const output = { inline: JSON.stringify('x'.repeat(5_000)) };
    const items = [succeeded(), aState(3), ran('a', 1_000), ran('b', 1_000, { output }), ran('join', 1_300)];

    // META for the two that were sent together, and for the join; a and the 5 KB of b for the join; META and no state; the
    // join for the output; 6 KB of results.
    expect(bill(nodes, items).readUnits).toBe(2 + (1 + 2) + 2 + 1 + 2 + 0.5);
  });

  it('is, for a result of 5 KB, five writes more', () => {
    const large = ran('c', 1_600, { output: { inline: JSON.stringify('x'.repeat(5_000)) } });

    expect(difference(chain, bill(CHAIN, [...chainItems.slice(0, -1), large]))).toEqual({
      writeUnits: 5,
      // Read for the output, and for the metrics.
      readUnits: 2,
    });
  });

  it('is, for an output in the bucket, an object that is put once and read by who needs it', () => {
    const output = { blob: 'executions/execution-1/a/x.json', bytes: 100_000 };

    expect(difference(chain, bill(CHAIN, chainItems.with(2, ran('a', 1_000, { output }))))).toEqual({
      objectPuts: 1,
      objectGets: 1,
    });
  });

  it('is, for a retry, a note of it and a message of its own', () => {
    const retriedAt = (startedAtMs: number) => {
      const attempts = [
        { attempt: 1, startedAtMs: 1_100, endedAtMs: 1_150 },
        { attempt: 2, startedAtMs, endedAtMs: startedAtMs + 100 },
      ];
      return bill(CHAIN, [...chainItems.with(4, ran('c', 1_600, { attempts })), anAttempt({ node: 'c' })]);
    };
    const more = { writeUnits: 1, queueRequests: 3, invocations: 1, computeGbSeconds: 0.05 };

    // By the instance that ran the first, which remembers META and the parent.
    expect(difference(chain, retriedAt(1_200))).toEqual(more);
    // META is too old by then, and the instance that was free last does not know the parent.
    expect(difference(chain, retriedAt(1_600))).toEqual({ ...more, readUnits: 2 });
  });

  it('is, for a map, a plan, a message for each chunk, and one that puts them together', () => {
    const nodes: Nodes = { each: { type: 'map', handler: 'h', chunkSize: 10 } };
    const visit = { node: 'each', visit: 1, run: 1, executionId: 'execution-1', pk: PK, v: 1 };
    const attempts = [{ attempt: 1, startedAtMs: 1_200, endedAtMs: 1_300 }];
    const chunks = Array.from(
      { length: 12 },
      (_, chunk): Item => ({
        ...{ ...visit, sk: `CHUNK#each#000001#0001#${chunk}`, chunk, failedItems: 0, outcome: { inline: '[]' } },
        ...{ attempts, queuedAtMs: 1_150, startedAtMs: 1_200, endedAtMs: 1_300 },
      }),
    );
    const map = { ...visit, sk: 'MAP#each#000001#0001', items: 120, chunks: 12, manifest: 'm', startedAtMs: 1_050 };
    const result = ran('each', 1_400, { attempts: [{ attempt: 1, startedAtMs: 1_050, endedAtMs: 1_500 }] });

    const { estimatedUsd: _usd, ...counts } = bill(nodes, [succeeded(), aState(5), map, ...chunks, result]);

    expect(counts).toEqual({
      apiRequests: 1,
      // META twice and listed, five states, the plan, twelve chunks, the result, 16 events.
      writeUnits: 3 + 5 + 1 + 12 + 1 + 1,
      // META and the plan for each of two instances: the first of them has planned the map, and puts it together; the
      // chunks; then as ever.
      readUnits: 2 + 2 + 1 + 2 + 1 + 1 + 0.5,
      // Twelve chunks take two requests each to be sent, received and deleted.
      queueRequests: 3 + 6 + 3,
      invocations: 1 + 5 + 1 + 2 + 1 + 1,
      computeGbSeconds: expect.closeTo(0.2, 9),
      objectPuts: 1,
      objectGets: 2,
      busEvents: 2,
    });
  });

  it('is, for a failure that stops what runs, an announcement, its timer and an event more', () => {
    const error = { name: 'E', message: 'm' };
    const failed = [
      aMeta({ status: 'FAILED', endedAtMs: 1_900, failedNode: 'c', error, stop: { reason: 'FAILED', atMs: 1_700 } }),
      ...chainItems.slice(1, -1),
      ran('c', 1_600, { status: 'FAILED', error }),
    ];

    expect(difference(chain, bill(CHAIN, failed))).toEqual({
      // META, its coming into the index of what is due and its going, and its end in that of executions.
      writeUnits: 4,
      // Whether the timer still counts; nobody has to look whether it ended.
      readUnits: 1 - 0.5,
      queueRequests: 3,
      invocations: 1,
      busEvents: 1,
    });
  });

  it('is, for a day of waiting, the sweep’s look every ten minutes, and more of them at first', () => {
    const DAY_MS = 86_400_000;
    const LOOKS_OF_A_DAY = 4 + Math.floor((1_440 - 16) / 10);
    const waited = [
      succeeded({ pausedAtMs: 1_500, resumedAtMs: DAY_MS, endedAtMs: 1_000 + DAY_MS }),
      ...chainItems.slice(1),
    ];

    expect(difference(chain, bill(CHAIN, waited))).toMatchObject({
      apiRequests: 2,
      // After 2, 4, 8 and 16 minutes, and so on. Each look puts it off: META, and the index of what is due twice, but for the
      // first, which puts it there. Then the pause; the resume, which has the sweep look sooner; the end, which takes it from
      // there; and an item of the history more, a day later.
      writeUnits: LOOKS_OF_A_DAY * 3 - 1 + 1 + 3 + 1 + 1,
      readUnits: LOOKS_OF_A_DAY * 2,
    });
  });

  it('is, for a second run, its reopening and its end', () => {
    const redriven = [succeeded({ run: 2, redrivenAtMs: 1_700 }), ...chainItems.slice(1)];

    expect(difference(chain, bill(CHAIN, redriven))).toMatchObject({
      apiRequests: 1,
      writeUnits: 3 + 3,
      // Results of the first run are looked for in the second one first: twice by nodes, once for the output. And all
      // are read for the metrics once more.
      readUnits: 2 + 1 + 1,
      busEvents: 1,
    });
  });

  it('is, for what goes on from a checkpoint, a place in the index of what is due, from its start to its end', () => {
    const origin = { executionId: 'execution-0', checkpointId: 'execution-0-1' };

    expect(difference(chain, bill(CHAIN, [succeeded({ origin }), ...chainItems.slice(1)]))).toEqual({ writeUnits: 2 });
  });

  it('is next to nothing for an execution that another one had computed', () => {
    const cached = succeeded({ cachedFrom: 'execution-0', output: { inline: '1' }, endedAtMs: 1_000 });
    const { estimatedUsd: _usd, ...counts } = bill(CHAIN, [cached]);

    expect(counts).toMatchObject({ apiRequests: 1, writeUnits: 2 + 1, queueRequests: 0, invocations: 2, busEvents: 2 });
  });

  it('leaves out what ran elsewhere: results that were taken over with a checkpoint', () => {
    const copied = ran('a', 1_000, { copiedFrom: 'execution-0' });

    // It stands here as well.
    expect(difference(chain, bill(CHAIN, chainItems.with(2, copied)))).toEqual({
      queueRequests: -3,
      invocations: -1,
      computeGbSeconds: -0.1,
    });
  });

  it('depends on what the bus is told, and on the runner’s memory', () => {
    const none = bill(CHAIN, chainItems, { stack: { lifecycleEvents: 'none' } });
    const all = bill(CHAIN, chainItems, { stack: { lifecycleEvents: 'nodes', memoryMbOf: () => 2_048 } });

    expect(none.busEvents).toBe(0);
    expect(all.busEvents).toBe(2 + 3);
    expect(all.computeGbSeconds).toBeCloseTo(0.6, 9);
  });

  it('takes the memory of the function that runs a node’s pool', () => {
    const pooled: Nodes = { ...CHAIN, b: aTask({ dependsOn: ['a'], pool: 'large' }) };
    const memoryMbOf = (pool: string) => (pool === 'large' ? 4_096 : 1_024);

    // Each took 100 ms.
    expect(bill(pooled, chainItems, { stack: { memoryMbOf } }).computeGbSeconds).toBeCloseTo(0.1 + 0.4 + 0.1, 9);
  });

  it('counts a stand-in as often as it stands for others', () => {
    const items = (times: number) =>
      chainItems.flatMap((item) => toBilledItem(item, item.sk.startsWith('RESULT#c') ? times : 1) ?? []);
    const of = (times: number) =>
      computeBilledOperations({ plan: aPlan(CHAIN), items: items(times), stack: DEFAULT_STACK, nowMs: 5_000 });

    expect(difference(of(1), of(11))).toMatchObject({
      // Ten results more; of the history less than 1 KB.
      writeUnits: 10,
      // For a second batch their parent, and META.
      readUnits: 1 + 1,
      queueRequests: 3,
    });
  });

  it('is the same with items that only a local execution has, or that tell of others', () => {
    const mark: Item = { pk: PK, sk: 'OBSERVED', v: 1, executionId: 'execution-1', countedRun: 1 };
    const history: Item = { pk: PK, sk: 'EVENT#1#1', v: 1, events: '[]' };

    expect(bill(CHAIN, [...chainItems, mark, history])).toEqual(chain);
  });

  it('is nothing for what is not there', () => {
    expect(bill(CHAIN, [])).toMatchObject({ writeUnits: 0, invocations: 0, estimatedUsd: 0 });
  });
});

it('prices have a price for each kind, in USD for one', () => {
  expect(PRICES.usd.writeUnits * 1e6).toBeCloseTo(0.625);
  expect(Object.keys(PRICES.usd)).toHaveLength(Object.keys(chain).length - 1);
});
