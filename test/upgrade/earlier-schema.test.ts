import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { ExecutionConfig } from '../../shared/model/config.ts';
import { ANY_VERSION, SCHEMA_VERSION } from '../../shared/model/schema-version.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { handlers } from './handlers.ts';
import { loadFixture, type Recorded } from './load-fixture.ts';
import { type Workload, workloads } from './workloads.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-earlier-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A database file with what was recorded. */
async function aFile({ executionId, items, blobs }: Recorded): Promise<string> {
  const file = join(folder, `${executionId}.db`);
  const database = openDatabase(file, { mode: 'engine', clock: systemClock });
  const table = new SqliteItemTable(database);
  for (const item of items) await table.put(item);
  for (const [key, body] of Object.entries(blobs)) await new SqliteBlobStore(database).put(key, body);
  await database.close();
  return file;
}

async function resultsIn(file: string): Promise<readonly Item[]> {
  const database = openDatabase(file, { mode: 'client', clock: systemClock });
  const { items } = await new SqliteItemTable(database).query(`EXEC#${file.split('/').at(-1)?.replace('.db', '')}`, {
    prefix: 'RESULT#',
  });
  await database.close();
  return items;
}

const recorded = loadFixture(SCHEMA_VERSION - 1);
const cases = workloads.map((workload): [string, Workload] => [workload.start.executionId, workload]);

describe('what the version before has begun', () => {
  it.each(cases)('goes on in the local twin: %s', { timeout: 60_000 }, async (executionId, { ends }) => {
    const standing = recorded.find((execution) => execution.executionId === executionId);
    if (standing === undefined) throw new Error(`${executionId} was not recorded`);
    const file = await aFile(standing);
    const before = await resultsIn(file);
    await using executor = new WorkflowExecutor({ database: file, handlers, logLevel: 'error' });
    const handle = executor.get(executionId);

    await handle.resume();
    const { status, output } = await handle.result();

    expect({ status, output }).toEqual({ status: ends.status, output: ends.output });
    expect(await resultsIn(file)).toEqual(expect.arrayContaining([...before]));
  });
});

describe('what this version begins', () => {
  it('can be read by the one before, unless it asks for what that one does not know', async () => {
    const file = join(folder, 'new.db');
    {
      await using executor = new WorkflowExecutor({ database: file, handlers, advance: 'stream' });
      await executor.execute({ name: 'one', nodes: { a: { handler: 'double' } } }, 1, { executionId: 'new' });
    }

    const database = openDatabase(file, { mode: 'client', clock: systemClock });
    const { items } = await new SqliteItemTable(database).query('EXEC#new');
    await database.close();

    const meta = items.find(({ sk }) => sk === 'META');
    const before = recorded[0]?.items.find(({ sk }) => sk === 'META');
    expect(new Set(items.map(({ v }) => v))).toEqual(new Set([ANY_VERSION]));
    // The one part of META that takes no key it does not know.
    expect(Object.keys(ExecutionConfig.parse(meta?.config))).toEqual(
      Object.keys(ExecutionConfig.parse(before?.config)),
    );
    expect(Object.keys(Object(meta?.config)).sort()).toEqual(Object.keys(Object(before?.config)).sort());
  });
});
