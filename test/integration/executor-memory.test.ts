import { describe, expect, it } from 'vitest';
import { allResults } from '../../shared/executor/execution-result.ts';
import { historyProblems } from '../support/history-agreement.ts';
import { anExecutor, chain, historyOf } from '../support/observed-executor.ts';

describe('what an executor knows of its executions', () => {
  it('are its last 100 results, of each execution the latest', async () => {
    await using executor = anExecutor();
    for (let n = 0; n < 102; n++) await executor.execute(chain, n);
    const handle = await executor.start(chain, 'last');
    await handle.result();
    await handle.result();

    const { executionHistory } = executor;

    expect(executionHistory).toHaveLength(100);
    expect(executionHistory[0]?.output).toBe(3);
    expect(executionHistory.at(-1)?.output).toBe('last');
  });

  it('are counts and durations by workflow, and where each one’s time went', async () => {
    await using executor = anExecutor();
    const { metrics } = await executor.execute(chain, 1);
    await executor.execute({ ...chain, nodes: { a: { handler: 'fails' } } }, 1);

    const all = await executor.metrics('chain');

    expect(all).toMatchObject({ totalExecutions: 2, successfulExecutions: 1, failedExecutions: 1 });
    expect(all.nodeExecutionTimes).toMatchObject({ a: { count: 2 }, b: { count: 1 } });
    expect(metrics.criticalPath.nodes).toEqual(['a', 'b']);
    expect(await executor.metrics('chain', { toMs: 0 })).toMatchObject({ totalExecutions: 0, averageDurationMs: 0 });
    expect((await executor.list({ workflow: 'chain', status: 'FAILED' })).executions).toHaveLength(1);
  });

  it('stays bounded: a history of 10,000 nodes comes in pages', async () => {
    await using executor = anExecutor({ config: { maxParallelNodes: 1_000 } });
    const nodes = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`n${n}`, { handler: 'echo' }]));
    const handle = await executor.start({ name: 'wide', nodes }, 1);
    await handle.result();

    const events = await historyOf(handle, 1_000);

    expect(events).toHaveLength(10_002);
    const executions = { results: (_id: string, options?: { after?: string }) => handle.results(options) };
    expect(historyProblems(events, await allResults(executions as Parameters<typeof allResults>[0], ''))).toEqual([]);
  }, 60_000);
});
