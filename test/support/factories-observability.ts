import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { ExecutionConfig } from '../../shared/model/config.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import type { EventOf, ExecutionEvent } from '../../shared/observability/execution-event.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Item, Value } from '../../shared/ports/item-table.ts';
import { openStore } from '../../shared/store/store.ts';

type Attributes = { readonly [name: string]: Value | undefined };

const PK = 'EXEC#execution-1';
export const executionId = ExecutionId.parse('execution-1');
const common = { pk: PK, v: 1, executionId: 'execution-1', run: 1 };

export const aMeta = (overrides: Attributes = {}): Item => ({
  ...common,
  sk: 'META',
  workflow: 'orders',
  definitionHash: 'a'.repeat(64),
  status: 'RUNNING',
  config: ExecutionConfig.parse({}),
  input: { inline: '"secret input"' },
  requestDigest: 'd',
  startedAtMs: 1_000,
  deadlineAtMs: 301_000,
  ...overrides,
});

export const aResult = (overrides: Attributes = {}): Item => ({
  ...common,
  sk: 'RESULT#pack#000001#0001',
  node: 'pack',
  visit: 1,
  status: 'SUCCEEDED',
  source: 'handler',
  output: { inline: '"secret output"' },
  queuedAtMs: 1_010,
  startedAtMs: 1_100,
  endedAtMs: 1_150,
  attempts: [
    { attempt: 1, startedAtMs: 1_020, endedAtMs: 1_030, error: { name: 'Error', message: 'no' } },
    { attempt: 2, startedAtMs: 1_100, endedAtMs: 1_150 },
  ],
  ...overrides,
});

export const anAttempt = (overrides: Attributes = {}): Item => ({
  ...common,
  sk: 'ATTEMPT#pack#000001#0001##001',
  node: 'pack',
  visit: 1,
  attempt: 1,
  error: { name: 'Error', message: 'no', stack: 'at secret.ts:1' },
  startedAtMs: 1_020,
  endedAtMs: 1_030,
  nextAttemptAtMs: 1_100,
  message: '{"secret":1}',
  ...overrides,
});

/** A change as the stream tells it. */
export const aChange = (after: Item, { before, sequence = '100' }: { before?: Item; sequence?: string } = {}) =>
  ({
    sequence,
    key: { pk: after.pk, sk: after.sk },
    after,
    ...(before !== undefined && { before }),
  }) satisfies ChangeRecord;

export const aSucceeded = (overrides: Partial<EventOf<'NodeSucceeded'>> = {}): ExecutionEvent => ({
  type: 'NodeSucceeded',
  id: `RESULT#pack#000001#0001 ${overrides.position ?? ''}`,
  position: '1.0',
  executionId: 'execution-1',
  run: 1,
  atMs: 1_000,
  nodeId: 'pack',
  visit: 1,
  source: 'handler',
  attempts: 1,
  queuedAtMs: 900,
  startedAtMs: 950,
  durationMs: 50,
  ...overrides,
});

/** A store in memory, with the table under it. */
export function aStore() {
  const database = openDatabase(':memory:', { mode: 'engine', clock: systemClock });
  const table = new SqliteItemTable(database);
  const store = openStore(table, new SqliteBlobStore(database));
  return { table, store, [Symbol.asyncDispose]: () => database.close() };
}
