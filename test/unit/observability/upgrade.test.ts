import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from '../../../shared/adapters/local/sqlite-database.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-upgrade-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Takes from a file what version 1 did not have. */
function makeOlder(file: string): void {
  const connection = new DatabaseSync(file);
  connection.exec(`
    DROP INDEX items_listed;
    ALTER TABLE items DROP COLUMN workflow;
    ALTER TABLE items DROP COLUMN listed_as;
    UPDATE items SET item = json_remove(
      item, '$.listedAs', '$."$tagged".listedAs', '$.endedAs', '$."$tagged".endedAs'
    ) WHERE sk = 'META';
    DELETE FROM items WHERE pk = 'WORKFLOWS';
    PRAGMA user_version = 1;
  `);
  connection.close();
}

it('a file of an older version is brought up to date when it is opened, and lists what it has', async () => {
  const file = join(folder, 'older.db');
  const echo = defineNode({
    type: 'echo',
    execute: (input: unknown) => {
      if (input === 'bad') throw new Error('bad');
      return input;
    },
  });
  const definition = { name: 'orders', nodes: { a: { handler: 'echo' } } };
  const open = () => new WorkflowExecutor({ database: file, handlers: [echo] });
  {
    await using executor = open();
    await executor.execute(definition, 1, { executionId: 'ended' });
    await executor.execute(definition, 'bad', { executionId: 'failed' }).catch(() => undefined);
    const paused = await executor.start(definition, 1, { executionId: 'paused' });
    await paused.pause({ before: 'a' }).catch(() => undefined);
    await paused.result();
  }
  makeOlder(file);

  await using executor = open();
  const { executions } = await executor.list();
  await executor.execute(definition, 2, { executionId: 'newer' });

  expect(executions.map(({ executionId }) => executionId).toSorted()).toEqual(['ended', 'failed', 'paused']);
  expect((await executor.list({ status: 'FAILED' })).executions).toMatchObject([{ executionId: 'failed' }]);
  expect((await executor.list({ workflow: 'orders', limit: 1 })).executions[0]?.executionId).toBe('newer');
  await executor.close();
  const database = openDatabase(file, { mode: 'engine', clock: systemClock });
  expect(database.connection.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
  await database.close();
});
