import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../shared/core/compile.ts';
import { requiredHandlers } from '../../shared/core/plan.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { createTestExecutor, type Failure, type TestExecutor } from '../../shared/testing/testing.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { check } from '../support/oracle.ts';
import { randomWorkflow } from '../support/random-workflow.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 14 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  crash: fc.constantFrom('before', 'after', undefined),
});

/** The test clock, for handlers that are written against the engine's. */
const handlersClock = (executor: () => TestExecutor): Clock => ({
  nowMs: () => executor().clock.nowMs(),
  after(delayMs, task) {
    const cancelled = new AbortController();
    executor()
      .clock.sleep(delayMs, cancelled.signal)
      .then(task, () => undefined);
    return () => cancelled.abort();
  },
});

async function run(definition: DefinitionInput, input: Json, seed: number, failures: readonly Failure[]) {
  const executor: TestExecutor = createTestExecutor({
    seed,
    failures,
    config: { traceExecution: true, enableCheckpoints: true },
    handlers: genericHandlers(handlersClock(() => executor)),
  });
  const handle = await executor.start(definition, input);
  const { status, output, error, failedNode } = await handle.result();
  const results = await allResults(
    { results: (_id, page) => handle.results({ ...page, withOutputs: true }) },
    handle.executionId,
  );
  const history = JSON.stringify(await handle.history({ limit: 1_000 }));
  await executor.close().catch((unused: { code?: string }) => expect(unused.code).toBe('TEST_NEVER_HAPPENED'));
  return { history, outcome: { status, output: output as Json | undefined, error, failedNode, results } };
}

describe('random workflows in the test kit', () => {
  it(`have the same history twice, to the byte, and end as the oracle says (SEED=${SEED} RUNS=${RUNS})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ workflow, maxNodes, seed, crash }) => {
        const { definition, input } = randomWorkflow(workflow, maxNodes);
        const handled = requiredHandlers(compile(definition))[0]?.node;
        const failures = crash === undefined || handled === undefined ? [] : [{ node: handled, crash }];

        const first = await run(definition, input, seed, failures);
        const second = await run(definition, input, seed, failures);

        expect(second.history).toBe(first.history);
        expect(check(definition, input, first.outcome)).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
