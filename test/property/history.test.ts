import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allResults } from '../../shared/executor/execution-result.ts';
import { ADVANCE } from '../support/advance.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { runInVirtualTime } from '../support/run-in-virtual-time.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

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
        const random = randomWorkflow(workflow, maxNodes);

        const problems = await runInVirtualTime(random, { advance: ADVANCE, seed }, async (handle, executor) => {
          const events = await allEvents({ history: (_id, options) => handle.history(options) }, '');
          const results = await allResults({ results: (_id, options) => handle.results(options) }, '');
          const metrics = await executor.metrics(random.definition.name);
          return [...historyProblems(events, results), ...metricsProblems(metrics, events, results)];
        });

        expect(problems).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
