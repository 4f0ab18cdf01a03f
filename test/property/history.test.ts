import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../shared/core/compile.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { Random } from '../support/random-workflow-source.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const MAX_RUN_MS = 6 * 3_600_000;

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 10 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

describe('random workflows', () => {
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
