/**
 * Records executions in the middle of their run, as the code of this commit writes them: `node test/upgrade/record.ts`
 * writes `fixtures/schema-<version>.json`. Run once for each version of the schema, before it is raised.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marshall } from '@aws-sdk/util-dynamodb';
import { ulid } from 'ulid';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import { SCHEMA_VERSION } from '../../shared/model/schema-version.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { Logger } from '../../shared/observability/logger.ts';
import type { BlobStore } from '../../shared/ports/blob-store.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import type { OutgoingMessage, TaskSender } from '../../shared/ports/task-queue.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { openStore } from '../../shared/store/store.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { anExecutionService } from '../support/factories-service.ts';
import { handlers } from './handlers.ts';
import { type Workload, workloads } from './workloads.ts';

interface Waiting extends OutgoingMessage {
  readonly pool: string;
}

async function record(workload: Workload) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const database = openDatabase(':memory:', { mode: 'engine', clock });
  const table = new SqliteItemTable(database);
  const items = new Map<string, Item>();
  const news: ChangeRecord[] = [];
  table.subscribe((changes) => {
    news.push(...changes);
    for (const { key, after } of changes) if (after !== undefined) items.set(`${key.pk} ${key.sk}`, after);
  });
  const standing = new SqliteBlobStore(database);
  const written = new Map<string, string>();
  const blobs: BlobStore = {
    get: (key, range) => standing.get(key, range),
    put: (key, body) => {
      written.set(key, Buffer.from(body).toString('base64'));
      return standing.put(key, body);
    },
  };
  const messages: Waiting[] = [];
  const sender: TaskSender = {
    send: async (pool, sent) => void messages.push(...sent.map((message) => ({ pool, ...message }))),
  };
  const store = openStore(table, blobs);
  const dispatcher = new Dispatcher(sender);
  const scheduler = new Scheduler({ store, dispatcher, clock });
  const logger = new Logger({ level: 'error', write: () => undefined });
  const runner = new NodeRunner({
    ...{ store, dispatcher, clock, logger, handlers: new HandlerRegistry(handlers), random: () => 0.5 },
  });
  const service = anExecutionService({ store, clock, newId: ulid });

  const hear = async () => {
    while (news.length > 0) {
      const { failed } = await scheduler.handle(news.splice(0));
      for (const { error } of failed) throw error;
    }
  };
  await service.start(workload.start);
  const work = async (count: number) => {
    for (let run = 0; run < count; run++) {
      await hear();
      const at = messages.findIndex(({ delayMs = 0 }) => delayMs === 0);
      const [next] = at < 0 ? [] : messages.splice(at, 1);
      if (next !== undefined) await runner.run(TaskMessage.parse(JSON.parse(next.body)));
      clock.moveTo(clock.nowMs() + 10);
    }
  };
  const { executionId } = workload.start;
  await work(workload.messages);
  if (workload.ask !== undefined) {
    await hear();
    await workload.ask(service, executionId);
    // What was taken from the queue before is run all the same.
    await work(workload.andThen ?? 0);
  }
  if (workload.isHeard !== false) await hear();
  await database.close();
  return {
    executionId,
    items: [...items.values()].map((item) => marshall(item, { removeUndefinedValues: true })),
    blobs: Object.fromEntries(written),
    messages,
  };
}

const executions = [];
for (const workload of workloads) executions.push(await record(workload));
const text = JSON.stringify(
  { v: SCHEMA_VERSION, recordedAtMs: Date.UTC(2026, 0, 1), executions },
  // Bytes as DynamoDB's own JSON has them.
  (_key, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value),
  1,
);
writeFileSync(join(import.meta.dirname, `fixtures/schema-${SCHEMA_VERSION}.json`), `${text}\n`);
