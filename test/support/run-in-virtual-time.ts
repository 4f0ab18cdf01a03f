import { compile } from '../../shared/core/compile.ts';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { Advance } from '../../shared/model/config.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { genericHandlers } from './generic-handlers.ts';
import type { RandomWorkflow } from './random-workflow-parts.ts';
import { Random } from './random-workflow-source.ts';

const MAX_RUN_MS = 6 * 3_600_000;

interface RunOptions {
  readonly advance: Advance;
  /** Of the jitter between attempts. */
  readonly seed: number;
}

/**
 * Runs a random workflow on the local twin to its end, in virtual time.
 * @param look reads what there is of it, before the executor is closed
 * @throws {Error} it does not end
 */
export async function runInVirtualTime<T>(
  { definition, input }: RandomWorkflow,
  { advance, seed }: RunOptions,
  look: (handle: ExecutionHandle, executor: WorkflowExecutor) => Promise<T>,
): Promise<T> {
  const clock = new VirtualClock();
  const executor = new WorkflowExecutor({
    advance,
    clock,
    handlers: genericHandlers(clock),
    random: new Random(seed).next,
    pools: Object.fromEntries(poolsOf(definition).map((pool) => [pool, {}])),
  });
  try {
    const handle = await executor.start(definition, input);
    let isDone = false;
    const ended = handle.result().finally(() => {
      isDone = true;
    });
    if (!(await clock.runUntil(() => isDone, MAX_RUN_MS))) throw new Error(`It has not ended after ${MAX_RUN_MS} ms`);
    await ended;
    return await look(handle, executor);
  } finally {
    await Promise.all([executor.close(), clock.pass(60_000)]);
  }
}

const poolsOf = (definition: RandomWorkflow['definition']): string[] =>
  compile(definition).nodes.flatMap(({ definition: node }) =>
    'pool' in node && node.pool !== undefined ? [node.pool] : [],
  );
