import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { default as audit, commandLine } from '../../examples/audit/workflow.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { HttpExecutions } from '../../shared/executor/http-executions.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { ADVANCE } from '../support/advance.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { Random } from '../support/random-workflow-source.ts';
import { ROOT } from '../unit/cli/cli-process.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
/** One message may be delivered five times: of the workers that hold it, at most four may be killed. */
const WORKER_KILLS = 4;

describe.skipIf(!canRunEmulators())(`workers killed during the audit on the AWS twin (SEED=${SEED})`, () => {
  let stack: LocalStack;
  beforeAll(async () => {
    ({ stack } = await aLocalStack({
      handlersEntry: join(ROOT, 'examples/handlers.ts'),
      visibilityTimeoutSeconds: 2,
      advance: ADVANCE,
    }));
  });
  afterAll(() => stack?.stop());

  it('end with the same report, and count each package once', { timeout: 600_000 }, async () => {
    const random = new Random(SEED);
    const input = await commandLine.input(undefined);
    await using local = new WorkflowExecutor();
    const whole = await local.execute(audit, input);
    const executions = new HttpExecutions({ ...stack.connection, config: {}, clock: systemClock });

    const { executionId } = await executions.start({ definition: audit.definition, input });
    const ended = executions.untilAtRest(executionId);
    let kills = 0;
    for (let isOver = false; !isOver && kills < WORKER_KILLS; ) {
      isOver = await Promise.race([ended.then(() => true), delay(random.int(20, 250)).then(() => false)]);
      if (!isOver && stack.killWorker(random.pick(['NodeRunner', 'NodeRunner', 'Scheduler']))) kills++;
    }
    await ended;

    const { description, output } = await executions.outcome(executionId);
    const results = await allResults(executions, executionId);
    expect(kills).toBeGreaterThan(0);
    expect(description).toMatchObject({ status: 'SUCCEEDED' });
    expect(output).toEqual(whole.output);
    expect(results.map(({ nodeId }) => nodeId).sort()).toEqual(Object.keys(audit.definition.nodes).sort());
  });
});
