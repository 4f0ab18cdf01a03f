import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import damage, { file } from '../../examples/reference/history.ts';
import { historyProblems } from '../support/history-agreement.ts';
import { given } from './definitions.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('tells what happened, in order, each event once, and agrees with the results', async () => {
    await using executor = twin.open();
    const handle = await executor.start(damage, { policy: 'P-9', euros: 300 });

    const lines = await file(handle);

    expect(lines).toEqual([
      'ExecutionStarted',
      'check NodeSucceeded',
      'inspect NodeSkipped',
      'pay NodeSucceeded',
      'ExecutionEnded',
    ]);
    const { events, next } = await handle.history();
    expect(next).toBeUndefined();
    expect(historyProblems(events, (await handle.results()).results)).toEqual([]);
  });

  it('comes in pages, each going on behind the one before', async () => {
    await using executor = twin.open();
    const handle = await executor.start(damage, { policy: 'P-9', euros: 3_000 });
    await file(handle);

    const first = await handle.history({ limit: 2 });
    const second = await handle.history({ limit: 100, after: first.next ?? '' });

    expect(first.events.map(({ type }) => type)).toEqual(['ExecutionStarted', 'NodeSucceeded']);
    expect(second.events.map(({ type }) => type)).toEqual(['NodeSucceeded', 'NodeSucceeded', 'ExecutionEnded']);
  });

  it('of the executor holds the last 100 results it waited for', async () => {
    await using executor = twin.open();
    // Hits of the cache run nothing, and so are quick.
    const definition = { name: 'remembered', cache: {}, nodes: { only: given() } };
    const input = randomUUID();
    const { executionId: first } = await executor.execute(definition, input);

    const ids: string[] = [];
    for (let n = 0; n < 100; n += 20) {
      const results = await Promise.all(Array.from({ length: 20 }, () => executor.execute(definition, input)));
      ids.push(...results.map(({ executionId }) => executionId));
    }

    const remembered = executor.executionHistory.map(({ executionId }) => executionId);
    expect(remembered).toHaveLength(100);
    expect(new Set(remembered)).toEqual(new Set(ids));
    expect(remembered).not.toContain(first);
  });

  it('of the store lists executions of a workflow, latest first, in a status', async ({ expect }) => {
    await using executor = twin.open();
    const name = `listed-${randomUUID()}`;
    const definition = { name, nodes: { only: { handler: 'test.route' } } };
    const good = await executor.execute(definition, {});
    const bad = await executor.execute(definition, 'no object');

    const list = async (status?: 'FAILED') => {
      const { executions } = await executor.list({ workflow: name, ...(status !== undefined && { status }) });
      return executions.map(({ executionId, status }) => [executionId, status]);
    };

    // AWS reads an index, which follows the table.
    await expect
      .poll(() => list(), { timeout: 30_000 })
      .toEqual([
        [bad.executionId, 'FAILED'],
        [good.executionId, 'SUCCEEDED'],
      ]);
    expect(await list('FAILED')).toEqual([[bad.executionId, 'FAILED']]);
  });
});
