import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../shared/core/compile.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { isTerminal } from '../../shared/model/result.ts';
import { Observer } from '../../shared/observability/observer.ts';
import { countIntoWindow, WindowState } from '../../shared/observability/shard-window.ts';
import { toMetrics, type WorkflowMetrics } from '../../shared/observability/tally.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { NO_TROUBLE, type Trouble } from '../support/faulty-queue.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { Random } from '../support/random-workflow-source.ts';
import { Twin } from '../support/twin.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const MAX_RUN_MS = 6 * 3_600_000;
const REPEATING: Trouble = { callFails: 0, repeated: 0.15, delayed: 0.3 };

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 10 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  trouble: fc.constantFrom(NO_TROUBLE, REPEATING),
});

/** The observer as its stream calls it: in batches, each now and then once more, or cut in two. */
async function observe(twin: Twin, records: readonly ChangeRecord[], random: Random): Promise<WorkflowMetrics> {
  const observer = new Observer(twin.store);
  let state = WindowState.parse({});
  const window = { startMs: 0, shard: 'shard', isOver: false };
  for (let position = 0; position < records.length; ) {
    const batch = records.slice(position, position + random.int(1, 12));
    // It was given up for dead; its state is lost, what it wrote is not.
    if (random.chance(0.3))
      await countIntoWindow({ store: twin.store, observer }, state, (await observer.handle(batch)).ended, window);
    const { ended, failed } = await observer.handle(batch);
    if (failed.length > 0) throw failed[0]?.error;
    state = await countIntoWindow({ store: twin.store, observer }, state, ended, window);
    position += batch.length;
  }
  await countIntoWindow({ store: twin.store, observer }, state, [], { ...window, isOver: true });
  const [meta] = records.filter(({ key }) => key.sk === 'META');
  const workflow = String(meta?.after?.workflow);
  return toMetrics(workflow, await twin.store.metrics.sum(workflow, 0, Number.MAX_SAFE_INTEGER));
}

describe('random workflows', () => {
  it(`have a history and metrics that agree with their results, as the stream's observer writes them (SEED=${SEED} RUNS=${RUNS})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ workflow, maxNodes, seed, trouble }) => {
        const { definition, input } = randomWorkflow(workflow, maxNodes);
        const clock = new VirtualClock();
        const records: ChangeRecord[] = [];
        const isOver = () => {
          const meta = records.findLast(({ key }) => key.sk === 'META')?.after;
          return meta !== undefined && isTerminal(parseMeta(meta).status);
        };
        const onChange = (record: ChangeRecord) => records.push(record);
        const twin = new Twin({
          clock,
          handlers: genericHandlers(clock),
          seed,
          trouble,
          onChange: (record) => void onChange(record),
        });
        try {
          twin.serve(compile(definition));
          const { executionId } = await twin.service.start({ definition, input });
          expect(await clock.runUntil(isOver, MAX_RUN_MS)).toBe(true);
          await clock.pass(120_000);

          const metrics = await observe(twin, [...records], new Random(seed));

          // Its own items tell it nothing.
          const own = records.filter(({ key }) => key.sk.startsWith('EVENT#'));
          expect(own.length).toBeGreaterThan(0);
          await observe(twin, own.concat(records.slice(0, 1)), new Random(seed));
          const events = await allEvents(twin.service, executionId);
          const { results } = await twin.service.results(executionId);
          expect([
            ...historyProblems(events, results, { isDisturbed: trouble !== NO_TROUBLE }),
            ...metricsProblems(metrics, events, results),
          ]).toEqual([]);
        } finally {
          await twin.close();
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it(`have a history and metrics that agree with their results on the local twin (SEED=${SEED})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ workflow, maxNodes, seed }) => {
        const { definition, input } = randomWorkflow(workflow, maxNodes);
        const clock = new VirtualClock();
        const random = new Random(seed);
        const executor = new WorkflowExecutor({
          clock,
          handlers: genericHandlers(clock),
          random: random.next,
          pools: Object.fromEntries(poolsOf(definition).map((pool) => [pool, {}])),
        });
        try {
          const handle = await executor.start(definition, input);
          let isDone = false;
          const ended = handle.result().finally(() => {
            isDone = true;
          });
          expect(await clock.runUntil(() => isDone, MAX_RUN_MS)).toBe(true);
          await ended;

          const events = await allEvents({ history: (_id, options) => handle.history(options) }, '');
          const results = await allResults({ results: (_id, options) => handle.results(options) }, '');
          const metrics = await executor.metrics(definition.name);
          expect([...historyProblems(events, results), ...metricsProblems(metrics, events, results)]).toEqual([]);
        } finally {
          await Promise.all([executor.close(), clock.pass(60_000)]);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

const poolsOf = (definition: Parameters<typeof compile>[0]): string[] =>
  compile(definition).nodes.flatMap(({ definition: node }) =>
    'pool' in node && node.pool !== undefined ? [node.pool] : [],
  );
