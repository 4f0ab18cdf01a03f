import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { MemoryTaskQueue } from '../../shared/adapters/local/memory-queue.ts';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase, type SqliteDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { blobsContract } from './blobs-contract.ts';
import { queueContract } from './queue-contract.ts';
import { tableContract } from './table-contract.ts';
import type { TableHarness } from './table-harness.ts';
import { tableProperties } from './table-properties.ts';

const directory = mkdtempSync(join(tmpdir(), 'fanjoin-contract-'));
let database: SqliteDatabase;
let tableHarness: TableHarness;

beforeAll(() => {
  database = openDatabase(join(directory, 'contract.db'), { mode: 'engine', clock: systemClock });
  const table = new SqliteItemTable(database);
  const changes = new Map<string, ChangeRecord[]>();
  table.subscribe((records) => {
    for (const record of records) changes.set(record.key.pk, [...(changes.get(record.key.pk) ?? []), record]);
  });
  tableHarness = { table, changesOf: async (pk) => changes.get(pk) ?? [] };
});

afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
});

describe('SqliteItemTable', () => {
  tableContract(() => tableHarness);
  tableProperties(() => tableHarness, 300);
});

describe('SqliteBlobStore', () => {
  blobsContract(() => new SqliteBlobStore(database));
});

describe('MemoryTaskQueue', () => {
  const queue = new MemoryTaskQueue({ clock: systemClock, visibilityMs: 1_000, maxReceiveCount: 2 });
  queueContract(async () => ({ queue, pool: randomUUID() }));
});
