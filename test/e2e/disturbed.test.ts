import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { InvalidStateError } from '../../shared/errors.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import { HttpExecutions } from '../../shared/executor/http-executions.ts';
import { ADVANCE, runsOfMode } from '../support/advance.ts';
import { readAgreement } from '../support/agreement.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { check } from '../support/oracle.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { Random } from '../support/random-workflow-source.ts';

const RUNS = Number(process.env.RUNS ?? runsOfMode(60));
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const AT_ONCE = 30;
/** Cancels and redrives of one execution, at the most. */
const MAX_CANCELS = 2;
/** A metrics window of a minute, and what it takes to be written on a machine that is busy. */
const METRICS_MS = 180_000;

const handlersEntry = join(import.meta.dirname, '../support/generic-handlers-entry.ts');

/** What is refused because the execution has gone on meanwhile is no problem; anything else is. */
const ifItMay = (change: Promise<void>): Promise<void> =>
  change.catch((error: unknown) => {
    if (!(error instanceof InvalidStateError)) throw error;
  });

/** Pauses, resumes and cancels an execution at random moments, and redrives it until it ends by itself. */
async function runDisturbed(executions: Executions, executionId: string, nodes: readonly string[], random: Random) {
  for (let cancels = 0; ; cancels++) {
    for (let left = random.int(0, 4); left > 0; left--) {
      await delay(random.int(0, 150));
      const step = random.int(0, 9);
      if (step < 4) await ifItMay(executions.pause(executionId));
      else if (step < 6) await ifItMay(executions.pause(executionId, { before: random.pick(nodes) }));
      else if (step < 9 || cancels === MAX_CANCELS) await ifItMay(executions.resume(executionId));
      else await ifItMay(executions.cancel(executionId));
    }
    for (;;) {
      await executions.untilAtRest(executionId);
      const { status } = await executions.describe(executionId);
      if (status !== 'PAUSED') break;
      await ifItMay(executions.resume(executionId));
    }
    const { status } = await executions.describe(executionId);
    if (status !== 'CANCELLED') return;
    await executions.redrive(executionId);
  }
}

describe.skipIf(!canRunEmulators())(
  'random workflows on the functions, paused, resumed, cancelled and redriven',
  () => {
    let stack: LocalStack;
    beforeAll(async () => {
      ({ stack } = await aLocalStack({
        handlersEntry,
        advance: ADVANCE,
        faults: { duplicate: 0.1, delay: 20 },
        seed: SEED,
      }));
    });
    afterAll(() => stack?.stop());

    it(`end as the specification says, with histories and metrics that agree with their results (SEED=${SEED} RUNS=${RUNS})`, {
      timeout: 900_000,
    }, async () => {
      const executions = new HttpExecutions({ ...stack.connection, config: {}, clock: systemClock });
      const problems: string[] = [];
      const seeds = Array.from({ length: RUNS }, (_, run) => SEED + run);
      let unsettled: { readonly look: () => Promise<string[]>; problems: string[] }[] = [];

      const work = async () => {
        for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
          const { definition, input } = randomWorkflow(seed);
          const named = (found: readonly string[]) => found.map((problem) => `workflow ${seed}: ${problem}`);
          const { executionId } = await executions.start({ definition, input });
          await runDisturbed(executions, executionId, Object.keys(definition.nodes), new Random(seed));
          problems.push(...named(check(definition, input, await readAgreement(executions, executionId))));
          const look = async () => {
            const results = await allResults(executions, executionId);
            const events = await allEvents(executions, executionId);
            const metrics = await executions.metrics(definition.name);
            return named([
              ...historyProblems(events, results, { isDisturbed: true }),
              ...metricsProblems(metrics, events, results),
            ]);
          };
          unsettled.push({ look, problems: [] });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));

      expect(problems).toEqual([]);
      // The observer is behind: the history by a moment, the metrics by up to a minute.
      await expect
        .poll(
          async () => {
            for (const one of unsettled) one.problems = await one.look();
            unsettled = unsettled.filter((one) => one.problems.length > 0);
            return unsettled.flatMap((one) => one.problems);
          },
          { timeout: METRICS_MS, interval: 2_000 },
        )
        .toEqual([]);
    });
  },
);
