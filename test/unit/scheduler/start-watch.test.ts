import { describe, expect, it } from 'vitest';
import { ExecutionId } from '../../../shared/model/ids.ts';
import { SCHEMA_VERSION } from '../../../shared/model/schema-version.ts';
import { WATCHED_AFTER_MS } from '../../../shared/scheduler/start-watch.ts';
import { listingKey, metaKey, START_WATCH_KEY } from '../../../shared/store/keys.ts';
import { aTask } from '../../support/factories.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';

const MINUTE_MS = 60_000;
type Bench = Awaited<ReturnType<typeof aSchedulerBench>>;

const sweepEachMinute = async (bench: Bench, minutes: number) => {
  const reports = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await bench.clock.pass(MINUTE_MS);
    reports.push(await bench.sweep.run());
  }
  return reports;
};
const dueAtOf = async (bench: Bench) => (await bench.meta())?.dueAtMs;

describe('the watch of starts', () => {
  it('leaves what ends soon out of the index of what is due', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    const whileItRan = await dueAtOf(bench);
    await bench.advance();
    await bench.settle('a');
    await bench.advance();

    const reports = await sweepEachMinute(bench, 5);

    expect(whileItRan).toBeUndefined();
    expect((await bench.meta())?.status).toBe('SUCCEEDED');
    expect(await dueAtOf(bench)).toBeUndefined();
    expect(reports.map(({ looked }) => looked)).toEqual([0, 0, 0, 0, 0]);
  });

  it('finds a start whose record was lost', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    bench.takeRecords();

    await bench.clock.pass(WATCHED_AFTER_MS - 1);
    const before = await bench.sweep.run();
    await bench.clock.pass(MINUTE_MS);
    const after = await bench.sweep.run();

    expect(before).toMatchObject({ looked: 0 });
    expect(after).toMatchObject({ looked: 1, repaired: 1 });
    expect(await bench.sent()).toEqual(['node a']);
  });

  it('puts what lasts into the index of what is due, and goes through each start once', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    await bench.advance();
    const asked: string[] = [];
    const { queryListed } = bench.table;
    bench.table.queryListed = async (workflow, options) => {
      const found = await queryListed.call(bench.table, workflow, options);
      asked.push(...found.map(({ executionId }) => String(executionId)));
      return found;
    };

    const reports = await sweepEachMinute(bench, 4);

    expect(asked).toEqual(['execution-1']);
    // At its second minute by the watch, at its fourth as what is due.
    expect(reports.map(({ looked }) => looked)).toEqual([0, 1, 0, 1]);
    expect(await dueAtOf(bench)).toBeGreaterThan(bench.clock.nowMs());
  });

  it('overlooks no start that the index of executions has a minute late', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    bench.takeRecords();
    const startedAtMs = bench.clock.nowMs();
    const { queryListed } = bench.table;
    bench.table.queryListed = async (workflow, options) =>
      bench.clock.nowMs() <= startedAtMs + MINUTE_MS ? [] : queryListed.call(bench.table, workflow, options);

    await sweepEachMinute(bench, 2);

    expect(await bench.sent()).toEqual(['node a']);
  });

  it('finds what is paused, and ends it at its deadline', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 600 }, isWatched: true });
    await bench.advance();
    await bench.service.pause('execution-1');
    await bench.advance();

    const reports = await sweepEachMinute(bench, 11);

    expect(reports.map(({ timedOut }) => timedOut)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  });

  it('is not waited for where the deadline comes first', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 30 }, isWatched: true });
    await bench.advance();

    const [report] = await sweepEachMinute(bench, 1);

    expect(report).toMatchObject({ looked: 1, timedOut: 1 });
  });

  it('is not waited for by a stop or a resume', async () => {
    const stopped = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    const resumed = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });

    await stopped.service.cancel('execution-1');
    await resumed.service.pause('execution-1');
    await resumed.service.resume('execution-1');

    expect(await dueAtOf(stopped)).toBe(stopped.clock.nowMs() + MINUTE_MS);
    expect(await dueAtOf(resumed)).toBe(resumed.clock.nowMs() + MINUTE_MS);
  });

  it('goes through the same again if one could not be looked at', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    bench.takeRecords();
    const { update } = bench.table;
    bench.table.update = () => Promise.reject(new Error('The table is out'));
    await sweepEachMinute(bench, 2);
    const asLongAsItWasOut = await bench.sent();
    bench.table.update = update;

    await sweepEachMinute(bench, 1);

    expect(asLongAsItWasOut).toEqual([]);
    expect(await bench.sent()).toEqual(['node a']);
  });

  it('is not held up by an item of which nothing can be read', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    bench.takeRecords();
    const definition = { name: 'other', nodes: { b: { handler: 'x' } } };
    await bench.service.start({ definition, executionId: 'spoiled' });
    await bench.table.update(metaKey(ExecutionId.parse('spoiled')), { set: { run: 'first' } });

    const reports = await sweepEachMinute(bench, 4);

    expect(await bench.sent()).toEqual(['node a']);
    expect(reports.map(({ failed }) => failed.length)).toEqual([0, 1, 0, 0]);
  });

  it('goes through all that started while there was no sweep, and notes how far it came', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    await sweepEachMinute(bench, 2);
    const startedAtMs = bench.clock.nowMs();
    for (let hour = 1; hour <= 3; hour++) {
      await bench.clock.pass(60 * MINUTE_MS);
      const definition = { name: `hour-${hour}`, nodes: { b: { handler: 'x' } } };
      const config = { timeoutSeconds: 864_000 };
      await bench.service.start({ definition, config, executionId: `execution-${hour + 1}` });
    }
    bench.takeRecords();
    await bench.sent();
    const marks: number[] = [];
    const { put } = bench.table;
    bench.table.put = (item, condition) => {
      if (item.pk === START_WATCH_KEY.pk) marks.push(Number(item.watchedToMs));
      return put.call(bench.table, item, condition);
    };

    await bench.clock.pass(WATCHED_AFTER_MS + 1);
    await bench.sweep.run();

    expect(await bench.sent()).toEqual(['node b', 'node b', 'node b']);
    expect(marks.length).toBeGreaterThan(3);
    expect(marks.at(0)).toBeLessThan(startedAtMs + 10 * MINUTE_MS);
    expect(marks.at(-1)).toBe(bench.clock.nowMs() - WATCHED_AFTER_MS);
  });

  it('notes how far it came in the middle of a history that is long, and where much started', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    await bench.clock.pass(30 * 24 * 60 * MINUTE_MS);
    const nowMs = bench.clock.nowMs();
    const [busyFromMs, starts] = [nowMs - 24 * 60 * MINUTE_MS, 100_000];
    const countBefore = (bound: string) =>
      Math.min(Math.max(Math.ceil((Number(bound.slice(0, 15)) - busyFromMs) / 30), 0), starts);
    let listed = 0;
    bench.table.queryListed = async (workflow, { from = '', before = '', limit }) => {
      const [first, end] = [countBefore(from), countBefore(before)];
      const found = Array.from({ length: Math.min(limit, end - first) }, (_, index) => end - 1 - index);
      listed += found.length;
      return found.map((index) => {
        const executionId = ExecutionId.parse(`old-${index}`);
        const listedAs = listingKey(busyFromMs + index * 30, executionId);
        return { pk: '-', sk: '-', workflow, listedAs, executionId };
      });
    };
    bench.table.getMany = async () => [];
    const marks: number[] = [];
    const { put } = bench.table;
    bench.table.put = (item, condition) => {
      if (item.pk === START_WATCH_KEY.pk) marks.push(Number(item.watchedToMs));
      return put.call(bench.table, item, condition);
    };

    await bench.sweep.run();

    expect(marks.filter((mark) => mark > busyFromMs && mark < busyFromMs + starts * 30).length).toBeGreaterThan(3);
    expect(marks.at(-1)).toBe(nowMs - WATCHED_AFTER_MS);
    expect(listed).toBeLessThan(6 * starts);
  });

  it('holds up no deadline, however long it takes', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 30 }, isWatched: true });
    await bench.advance();
    bench.table.queryListed = () => new Promise(() => {});
    await bench.clock.pass(MINUTE_MS);

    void bench.sweep.run();
    await expect.poll(async () => (await bench.meta())?.stop?.reason).toBe('TIMED_OUT');
  });

  it('puts off what only a newer version can read', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() }, isWatched: true });
    await bench.table.update(metaKey(bench.executionId), { set: { v: SCHEMA_VERSION + 1 } });

    const reports = await sweepEachMinute(bench, 3);

    expect(reports.map(({ newer }) => newer)).toEqual([0, 1, 1]);
    expect((await bench.table.get(metaKey(bench.executionId)))?.dueShard).toBeDefined();
  });
});
