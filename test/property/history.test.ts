import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../shared/core/compile.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import type { WorkflowMetrics } from '../../shared/observability/tally.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { historyProblems } from '../support/history-agreement.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { Random } from '../support/random-workflow-source.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const MAX_RUN_MS = 6 * 3_600_000;

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 10 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

async function allEvents(executions: Pick<Executions, 'history'>, executionId: string): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  let after: string | undefined;
  do {
    const page = await executions.history(executionId, { limit: 7, ...(after !== undefined && { after }) });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

/** What the metrics of a single execution say otherwise than its results and its end do. */
function metricsProblems(metrics: WorkflowMetrics, counted: readonly NodeResultView[], isSuccess: boolean): string[] {
  const problems: string[] = [];
  if (metrics.successfulExecutions !== (isSuccess ? 1 : 0) || metrics.failedExecutions !== (isSuccess ? 0 : 1))
    problems.push(`${metrics.successfulExecutions} succeeded, ${metrics.failedExecutions} failed`);
  const ran = counted.filter(({ status }) => status !== 'SKIPPED');
  for (const [nodeId, results] of Map.groupBy(ran, (result) => result.nodeId)) {
    const count = metrics.nodeExecutionTimes[nodeId]?.count ?? 0;
    if (count !== results.length) problems.push(`${nodeId} ran ${results.length} times, ${count} are counted`);
  }
  const nodes = new Set(ran.map(({ nodeId }) => nodeId)).size;
  if (Object.keys(metrics.nodeExecutionTimes).length !== nodes) problems.push('nodes are counted that did not run');
  return problems;
}

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
          const { success, endedAtMs = 0 } = await ended;

          const events = await allEvents({ history: (_id, options) => handle.history(options) }, '');
          const all = await allResults({ results: (_id, options) => handle.results(options) } as Executions, '');
          const results = all.filter((result) => success || result.endedAtMs <= endedAtMs);
          const metrics = await executor.metrics(definition.name);
          expect([...historyProblems(events, results), ...metricsProblems(metrics, results, success)]).toEqual([]);
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
