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
import { CliSandbox, ROOT } from '../unit/cli/cli-process.ts';

const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const AUDIT = join(ROOT, 'examples/audit');
/** One message may be delivered five times: of the workers that hold it, at most four may be killed. */
const WORKER_KILLS = 4;
/** How long the audit takes here, from its first write on: kills are spread over it, and a little beyond. */
const AUDIT_MS = 700;

// The command line knows one mode.
describe.skipIf(ADVANCE === 'stream')(`kill -9 during the audit (SEED=${SEED})`, () => {
  it(`at ${KILLS} random moments: resume prints the same report each time`, { timeout: 900_000 }, async () => {
    await using sandbox = new CliSandbox();
    const random = new Random(SEED);
    const whole = await sandbox.run(['run', AUDIT, '--database', 'whole.db']);
    expect(whole.code).toBe(0);
    let interrupted = 0;

    for (let kill = 0; kill < KILLS; kill++) {
      const database = ['--database', `${kill}.db`];
      const killed = sandbox.start(['run', AUDIT, '--id', 'audit', ...database]);
      await killed.untilStderr('audit');
      await delay(random.int(0, AUDIT_MS));
      killed.kill('SIGKILL');
      const { code } = await killed.finished;
      if (code === null) interrupted++;

      const resumed = await sandbox.run(['resume', 'audit', ...database]);

      expect(resumed.code, `kill ${kill}: ${resumed.stderr}`).toBe(0);
      expect(resumed.stdout, `kill ${kill}`).toBe(whole.stdout);
    }
    expect(interrupted).toBeGreaterThan(KILLS / 2);
  });
});

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
