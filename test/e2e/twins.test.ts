import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { HttpExecutions } from '../../shared/executor/http-executions.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import { ADVANCE, runsOfMode } from '../support/advance.ts';
import { readAgreement } from '../support/agreement.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { check } from '../support/oracle.ts';
import { randomWorkflow } from '../support/random-workflow.ts';

const RUNS = Number(process.env.RUNS ?? runsOfMode(300));
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const AT_ONCE = 40;

const handlersEntry = join(import.meta.dirname, '../support/generic-handlers-entry.ts');
const connect = (stack: LocalStack) => new HttpExecutions({ ...stack.connection, config: {}, clock: systemClock });

/** 500 nodes that depend on nothing. */
const wide = (maxParallelNodes: number): DefinitionInput => ({
  name: 'wide',
  config: { maxParallelNodes },
  nodes: Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`n${n}`, { handler: 'test.behave', input: { behaviour: { takesMs: 5 } } }]),
  ),
});

/** At the most so many attempts overlapped in time. */
function mostAtOnce(results: readonly NodeResultView[]): number {
  const steps = results
    .flatMap(({ attempts }) => attempts)
    .flatMap(({ startedAtMs, endedAtMs }) => [
      { atMs: startedAtMs, change: 1 },
      { atMs: endedAtMs, change: -1 },
    ])
    // Within one millisecond an end comes before a start: the clock tells no more.
    .sort((a, b) => a.atMs - b.atMs || a.change - b.change);
  let now = 0;
  return steps.reduce((most, { change }) => {
    now += change;
    return Math.max(most, now);
  }, 0);
}

describe.skipIf(!canRunEmulators())('the AWS twin', () => {
  let stack: LocalStack;
  afterAll(() => stack?.stop());

  describe('with deliveries that come late and twice', () => {
    beforeAll(async () => {
      ({ stack } = await aLocalStack({
        handlersEntry,
        advance: ADVANCE,
        faults: { duplicate: 0.1, delay: 20 },
        seed: SEED,
      }));
    });

    it(`ends ${RUNS} random workflows as the specification says (SEED=${SEED} RUNS=${RUNS})`, {
      timeout: 900_000,
    }, async () => {
      const executions = connect(stack);
      const problems: string[] = [];
      const seeds = Array.from({ length: RUNS }, (_, run) => SEED + run);

      const work = async () => {
        for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
          const { definition, input } = randomWorkflow(seed);
          const { executionId } = await executions.start({ definition, input });
          await executions.untilAtRest(executionId);
          const found = check(definition, input, await readAgreement(executions, executionId));
          for (const problem of found) problems.push(`workflow ${seed}: ${problem}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));

      expect(problems).toEqual([]);
    });

    it('never runs an eighth of 500 nodes beside seven others', { timeout: 600_000 }, async () => {
      const executions = connect(stack);

      const { executionId } = await executions.start({ definition: wide(7), input: null });
      await executions.untilAtRest(executionId);

      const results = await allResults(executions, executionId);
      expect(results).toHaveLength(500);
      const most = mostAtOnce(results);
      expect(most).toBeLessThanOrEqual(7);
      expect(most).toBeGreaterThan(1);
    });
  });
});

describe('the local twin', () => {
  it('never runs an eighth of 500 nodes beside seven others, and does run seven', async () => {
    let running = 0;
    let most = 0;
    const counted = genericHandlers().map((handler) => ({
      ...handler,
      async execute(...call: Parameters<typeof handler.execute>) {
        most = Math.max(most, ++running);
        return Promise.resolve(handler.execute(...call)).finally(() => running--);
      },
    }));
    await using executor = new WorkflowExecutor({ handlers: counted, advance: ADVANCE });

    const result = await executor.execute(wide(7), null);

    expect(result.nodeExecutionOrder).toHaveLength(500);
    expect(most).toBe(7);
  });
});
