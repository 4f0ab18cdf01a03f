import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadWorkflow } from '../../cli/load-workflow.ts';
import { type OperationCounts, sumOperations } from '../../shared/billing/prices.ts';
import type { WorkflowExecutorOptions } from '../../shared/executor/executor-options.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';

const ROOT = join(import.meta.dirname, '../..');
const WIDTH = 20;
/** How long what is to be redriven fails: its first run has ended by then. */
const FAILS_FOR_MS = 5_000;
const LOOK_AGAIN_MS = 200;
const OBSERVED_WITHIN_MS = 120_000;

/** Where a stack is, and what requests to it are signed with. */
export type Connection = Pick<WorkflowExecutorOptions, 'credentials' | 'region'> & { readonly endpoint: string };

export interface SmokeReport {
  readonly checks: readonly { readonly name: string; readonly problem: string | undefined }[];
  /** What the executions say that they were billed for, all together. */
  readonly billed: OperationCounts;
}

interface Check {
  readonly name: string;
  /** Gives the ids of the executions it started. @throws {Error} what does not hold */
  run(executor: WorkflowExecutor, connection: Connection): Promise<readonly string[]>;
}

const fanOut: DefinitionInput = {
  name: 'verify-fan-out',
  nodes: {
    ...Object.fromEntries(Array.from({ length: WIDTH }, (_, n) => [`n${n}`, { handler: 'verify.echo', input: n }])),
    total: { handler: 'verify.sum', dependsOn: Array.from({ length: WIDTH }, (_, n) => `n${n}`) },
  },
};

/** One node; a node that is tried again in a minute holds an execution open without a function that runs. */
const failing = (ms: number, maxRetries: number): DefinitionInput => ({
  name: 'verify-failing',
  nodes: {
    early: { handler: 'verify.echo', input: 'kept' },
    late: {
      ...{ handler: 'verify.failBefore', dependsOn: ['early'], input: { ms } },
      retry: { maxRetries, intervalSeconds: 60 },
    },
  },
});

const CHECKS: readonly Check[] = [
  {
    name: 'a request that is not signed is refused',
    run: async (_executor, { endpoint }) => {
      const { status } = await fetch(new URL('/executions', endpoint));
      assert.equal(status, 403);
      return [];
    },
  },
  {
    name: 'examples/orders ships an order',
    run: async (executor) => {
      const { runnable } = await loadWorkflow('examples/orders', { cwd: ROOT, needsHandlers: false });
      const input: unknown = JSON.parse(await readFile(join(ROOT, 'examples/orders/inputs/shipped.json'), 'utf8'));
      const { executionId, status } = await executor.execute(runnable, input);
      assert.equal(status, 'SUCCEEDED');
      return [executionId];
    },
  },
  {
    name: `a fan-out of ${WIDTH} is joined, ten times`,
    run: async (executor) => {
      const ended = await Promise.all(Array.from({ length: 10 }, () => executor.execute(fanOut, null)));
      assert.deepEqual(new Set(ended.map(({ output }) => output)), new Set([(WIDTH * (WIDTH - 1)) / 2]));
      return ended.map(({ executionId }) => executionId);
    },
  },
  {
    name: 'an execution that waits is cancelled, and keeps what it had',
    run: async (executor) => {
      const handle = await executor.start(failing(Number.MAX_SAFE_INTEGER, 1), null);
      for (;;) {
        const { status, progress } = await handle.describe();
        assert.equal(status, 'RUNNING');
        if (progress.succeeded > 0) break;
        await delay(LOOK_AGAIN_MS);
      }
      await handle.cancel();
      const { status, partialResults } = await handle.result();
      assert.equal(status, 'CANCELLED');
      assert.deepEqual(partialResults, { early: 'kept' });
      return [handle.executionId];
    },
  },
  {
    name: 'an execution that failed is redriven, and goes on from there',
    run: async (executor) => {
      const ms = Date.now() + FAILS_FOR_MS;
      const handle = await executor.start(failing(ms, 0), null);
      assert.equal((await handle.result()).status, 'FAILED');
      await delay(Math.max(0, ms - Date.now()));
      await handle.redrive();
      const { status, output } = await handle.result();
      assert.deepEqual({ status, output }, { status: 'SUCCEEDED', output: 'late enough' });
      return [handle.executionId];
    },
  },
  {
    name: 'the history of an execution is written, and its metrics',
    run: async (executor) => {
      const { executionId } = await executor.execute(fanOut, null);
      const deadline = Date.now() + OBSERVED_WITHIN_MS;
      const isObserved = async () =>
        (await executor.get(executionId).history()).isOver &&
        (await executor.metrics('verify-fan-out')).totalExecutions > 0;
      while (!(await isObserved())) {
        assert.ok(Date.now() < deadline, `neither is whole within ${OBSERVED_WITHIN_MS / 1_000} s`);
        await delay(LOOK_AGAIN_MS);
      }
      return [executionId];
    },
  },
];

/**
 * Tries what a stack must do, whether it is deployed or local; it has the handlers of `handlers.ts`. One check after
 * another, each whatever became of the one before.
 */
export async function smokeTest(connection: Connection, say: (line: string) => void): Promise<SmokeReport> {
  await using executor = new WorkflowExecutor(connection);
  const checks: { name: string; problem: string | undefined }[] = [];
  const billed: OperationCounts[] = [];
  for (const { name, run } of CHECKS) {
    let problem: string | undefined;
    try {
      for (const id of await run(executor, connection))
        billed.push((await executor.get(id).result()).metrics.billedOperations);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    say(`${problem === undefined ? 'ok    ' : 'FAILED'} ${name}${problem === undefined ? '' : `: ${problem}`}`);
    checks.push({ name, problem });
  }
  return { checks, billed: sumOperations(billed) };
}
