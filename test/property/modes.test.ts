import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import type { Json } from '../../shared/model/json.ts';
import { type AgreementResult, check } from '../support/oracle.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { runInVirtualTime } from '../support/run-in-virtual-time.ts';

const RUNS = Number(process.env.RUNS ?? 300);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 14 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

async function look(handle: ExecutionHandle): Promise<AgreementResult> {
  const { status, output, error, failedNode } = await handle.result();
  const results = await allResults({ results: (_id, page) => handle.results({ ...page, withOutputs: true }) }, '');
  return { status, output: output as Json | undefined, error, failedNode, results };
}

/** All that does not tell of times. */
const essence = ({ status, output, error, failedNode, results }: AgreementResult) => ({
  ended: { status, output, error: error?.name, failedNode },
  results: Object.fromEntries(
    results.map((view) => [
      `${view.nodeId} ${view.visit}`,
      {
        status: view.status,
        source: view.source,
        output: view.output,
        error: view.error?.name,
        fallbackError: view.fallbackError?.name,
        failures: view.failures?.map((failure) => [failure.index, failure.error.name]),
        attempts: view.attempts.map((attempt) => [attempt.attempt, attempt.error?.name]),
      },
    ]),
  ),
});

describe('a random workflow', () => {
  it(`has equal results, whoever starts what follows (SEED=${SEED} RUNS=${RUNS})`, { timeout: 300_000 }, async () => {
    let equal = 0;

    await fc.assert(
      fc.asyncProperty(aRun, async ({ workflow, maxNodes, seed }) => {
        const random = randomWorkflow(workflow, maxNodes);

        const eager = await runInVirtualTime(random, { advance: 'eager', seed }, look);
        const stream = await runInVirtualTime(random, { advance: 'stream', seed }, look);

        expect(eager.status).toBe(stream.status);
        if (eager.status === 'FAILED' && random.definition.strategy === 'parallel') {
          // A failure races with what runs beside it: how far that came may differ, and nothing else.
          expect(check(random.definition, random.input, eager)).toEqual([]);
          expect(check(random.definition, random.input, stream)).toEqual([]);
        } else {
          expect(essence(eager)).toEqual(essence(stream));
          equal++;
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );

    expect(equal).toBeGreaterThan(RUNS / 4);
  });
});
