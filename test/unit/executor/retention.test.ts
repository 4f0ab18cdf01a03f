import { afterEach, expect, it } from 'vitest';
import { SqliteBlobStore } from '../../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../../shared/adapters/local/sqlite-table.ts';
import { ExecutionId } from '../../../shared/model/ids.ts';
import { ExpiringTable } from '../../../shared/store/expiring-table.ts';
import { openStore } from '../../../shared/store/store.ts';
import { anExecutionService } from '../../support/factories-service.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2030, 0, 1);
const id = ExecutionId.parse('kept-1');
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const database of opened.splice(0)) database.close();
});

/** A service whose executions are kept for ten days, with one execution; and what it wrote, by key. */
async function aService() {
  const time = { nowMs: START_MS };
  const clock = { nowMs: () => time.nowMs, after: () => () => undefined };
  const database = openDatabase(':memory:', { mode: 'engine', clock });
  opened.push(database);
  const table = new ExpiringTable(new SqliteItemTable(database), { retentionMs: 10 * DAY_MS, clock });
  const store = openStore(table, new SqliteBlobStore(database));
  const service = anExecutionService({
    ...{ store, clock, advance: 'stream', retentionMs: 10 * DAY_MS, newId: () => id },
  });
  const definition = { name: 'w', config: { timeoutSeconds: 86_400 }, nodes: { a: { handler: 'h' } } };
  await service.start({ definition, searchAttributes: { customer: 'c1' } });
  const end = async () => {
    const meta = await store.executions.loadMeta(id);
    if (meta !== undefined) await store.executions.finish(meta, { status: 'FAILED', endedAtMs: clock.nowMs() });
  };
  return { time, table, service, definition, end };
}

it('every item of an execution expires, two retentions after it was last written; definitions stay', async () => {
  const { time, table, end } = await aService();
  time.nowMs += DAY_MS;

  await end();

  const kept = (await table.query(`EXEC#${id}`)).items.map(({ sk, expiresAtS }) => [sk, expiresAtS]);
  expect(kept).toEqual([
    ['ATTR#w#customer=c1', (START_MS + 20 * DAY_MS) / 1_000],
    ['META', (START_MS + 21 * DAY_MS) / 1_000],
  ]);
  for (const pk of ['WORKFLOW#w', 'WORKFLOWS'])
    expect((await table.query(pk)).items.map(({ expiresAtS }) => expiresAtS)).toEqual([undefined]);
});

it('an execution that could take longer than it is kept is not started', async () => {
  const { service, definition } = await aService();
  const longer = { ...definition, config: { timeoutSeconds: 864_001 } };

  await expect(service.start({ definition: longer, executionId: 'kept-2' })).rejects.toMatchObject({
    issues: [{ path: 'timeoutSeconds', code: 'TIMEOUT_TOO_LONG' }],
  });
});

it('an execution is redriven while all it goes on from is sure to be there until its end, and not later', async () => {
  const { time, service, end } = await aService();
  await end();

  time.nowMs = START_MS + 19 * DAY_MS + 1;
  await expect(service.redrive(id)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  time.nowMs = START_MS + 19 * DAY_MS;
  await service.redrive(id);

  expect(await service.describe(id)).toMatchObject({ status: 'RUNNING', run: 2 });
});
