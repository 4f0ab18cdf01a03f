/**
 * A process of its own that runs the workload over a file until it is killed: `node runner-process.ts <job>`, a job as
 * JSON. It says on stdout how far it is, and adds to the job's log each call of a handler and each result it was told of.
 */
import { openSync, writeSync } from 'node:fs';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { ExecutionNotFoundError } from '../../shared/errors.ts';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { NodeContext } from '../../shared/nodes/node-context.ts';
import { digestOf, genericHandlers } from '../support/generic-handlers.ts';
import { Job, type Phase } from './job.ts';
import { killWorkload, POOLS } from './workload.ts';

const job = Job.parse(JSON.parse(process.argv[2] ?? ''));
// Added by single calls of the system: what is written stays, however this process ends.
const log = openSync(job.log, 'a');
const note = (...words: readonly (string | number)[]): void => void writeSync(log, `${words.join(' ')}\n`);
const say = (phase: Phase): void => void process.stdout.write(`${phase}\n`);

const handlers = genericHandlers().map((handler) => ({
  ...handler,
  execute(input: unknown, context: NodeContext) {
    note('call', context.nodeId, context.itemIndex ?? '-');
    return handler.execute(input, context);
  },
}));
const workload = killWorkload(job.seed, job.nodes);

async function takeUp(executor: WorkflowExecutor): Promise<ExecutionHandle> {
  const handle = executor.get(job.executionId);
  try {
    const { status } = await handle.describe();
    // A repeated start finds the execution, as resume does.
    if (!job.resumes && !isTerminal(status)) return start(executor);
    if (!isTerminal(status)) await handle.resume();
    return handle;
  } catch (error) {
    if (error instanceof ExecutionNotFoundError) return start(executor);
    throw error;
  }
}

const start = (executor: WorkflowExecutor): Promise<ExecutionHandle> =>
  executor.start(workload.definition, workload.input, { executionId: job.executionId });

say('loaded');
const executor = new WorkflowExecutor({
  database: job.file,
  advance: job.advance,
  pools: POOLS,
  handlers,
  clock: { ...systemClock, nowMs: () => systemClock.nowMs() + job.clockSkewMs },
});
say('open');
if (job.listens) {
  executor.callbacks.addHandler({
    onNodeComplete: (nodeId, output) => note('told', nodeId, digestOf(output ?? null)),
  });
}
const handle = await takeUp(executor);
say('going');
await handle.result();
say('ended');
await executor.close();
say('closed');
