import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../shared/adapters/local/sqlite-database.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';

const DAY_MS = 86_400_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const large = defineNode({ type: 'large', execute: () => 'x'.repeat(20_000) });

/** An executor whose clock stands so many days from now. */
const openAt = (days: number, options: { executionRetentionSeconds?: number } = {}) =>
  new WorkflowExecutor({
    database: join(folder, 'e.db'),
    handlers: [large],
    clock: { ...systemClock, nowMs: () => Date.now() + days * DAY_MS },
    ...options,
  });
const counts = () => {
  const database = openDatabase(join(folder, 'e.db'), { mode: 'client', clock: systemClock });
  const count = (sql: string) => Number(database.statement(sql).get()?.n);
  const found = {
    items: count("SELECT count(*) AS n FROM items WHERE pk LIKE 'EXEC#%'"),
    blobs: count("SELECT count(*) AS n FROM blobs WHERE key LIKE 'executions/%'"),
    parts: count('SELECT count(*) AS n FROM blob_parts'),
  };
  return database.close().then(() => found);
};
const one = { name: 'one', nodes: { a: { handler: 'large' } } };
const idsOf = async (executor: WorkflowExecutor) =>
  (await executor.list()).executions.map(({ executionId }) => executionId);

it('executions that ended before the retention are gone, with their results, history and large values', async () => {
  const old = openAt(0);
  await old.execute(one, null, { executionId: 'old', searchAttributes: { customer: 'c1' } });
  const open = await old.start({ name: 'open', nodes: { a: { handler: 'large' } } }, null, { executionId: 'open' });
  await open.pause().catch(() => undefined);
  await old.close();
  const recent = openAt(5);
  await recent.execute(one, null, { executionId: 'recent' });
  await recent.close();
  const before = await counts();

  const keeping = openAt(12, { executionRetentionSeconds: (10 * DAY_MS) / 1_000 });
  await keeping.close();

  const after = await counts();
  const looking = openAt(12);
  expect(await idsOf(looking)).not.toContain('old');
  expect(await idsOf(looking)).toContain('recent');
  await expect(looking.get('old').describe()).rejects.toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
  expect((await looking.get('recent').result()).output).toHaveLength(20_000);
  expect(await looking.list({ searchAttributes: { customer: 'c1' } })).toEqual({ executions: [] });
  await looking.close();
  expect(after.items).toBeLessThan(before.items);
  expect(after.blobs).toBeLessThan(before.blobs);
  expect(after.parts).toBe(before.parts - (before.blobs - after.blobs));
});

it('what a cached output is taken from stays readable', async () => {
  const cached = { ...one, cache: { ttlSeconds: (30 * DAY_MS) / 1_000 } };
  const old = openAt(0);
  await old.execute(cached, null, { executionId: 'computed' });
  await old.close();

  const keeping = openAt(12, { executionRetentionSeconds: (10 * DAY_MS) / 1_000 });
  await keeping.close();
  const later = openAt(12);
  const result = await later.execute(cached, null, { executionId: 'hit' });
  await later.close();

  expect(result).toMatchObject({ cachedFrom: 'computed', output: expect.stringMatching(/^x{20000}$/) });
});

it('an execution that could take longer than it is kept is not started, and no retention is less than nothing', async () => {
  await using executor = openAt(0, { executionRetentionSeconds: 60 });

  await expect(executor.execute({ ...one, config: { timeoutSeconds: 61 } }, null)).rejects.toMatchObject({
    issues: [{ path: 'timeoutSeconds', code: 'TIMEOUT_TOO_LONG' }],
  });
  expect(() => openAt(0, { executionRetentionSeconds: 0 })).toThrow(/executionRetentionSeconds/);
});
