import { MemoryTaskQueue } from '../../shared/adapters/local/memory-queue.ts';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { ExecutionId, NodeId } from '../../shared/model/ids.ts';
import type { Json } from '../../shared/model/json.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { OutgoingMessage, TaskSender } from '../../shared/ports/task-queue.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { StartWatch } from '../../shared/scheduler/start-watch.ts';
import { Sweep } from '../../shared/scheduler/sweep.ts';
import { openStore } from '../../shared/store/store.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { aDefinition } from './factories.ts';
import { anExecutionService } from './factories-service.ts';

interface Options {
  readonly nodes: { readonly [id: string]: Json };
  readonly definition?: { readonly [field: string]: Json };
  readonly config?: { readonly [field: string]: Json };
  /** It is eager, and whoever starts it dies before its first nodes are sent. Default false: the scheduler starts everything. */
  readonly startDies?: boolean;
  /** It is in the index of what is due only once it has lasted, as on AWS. Default false. */
  readonly isWatched?: boolean;
}

/** A scheduler with its store, and one execution whose change records and results a test hands on by itself: no runner. */
export async function aSchedulerBench({
  nodes,
  definition = {},
  config,
  startDies = false,
  isWatched = false,
}: Options) {
  const clock = new VirtualClock();
  const database = openDatabase(':memory:', { mode: 'engine', clock });
  const table = new SqliteItemTable(database);
  const records: ChangeRecord[] = [];
  table.subscribe((changes) =>
    records.push(
      ...changes.filter(({ key }) => /^(META|RESULT#|MAP#|CHUNK#)/.test(key.sk) && key.pk.startsWith('EXEC#')),
    ),
  );
  const store = openStore(table, new SqliteBlobStore(database));
  const queue = new MemoryTaskQueue({ clock, visibilityMs: 60_000, maxReceiveCount: 5 });
  const outage = { isOn: false };
  const sender: TaskSender = {
    send: async (pool: string, messages: readonly OutgoingMessage[]) => {
      if (outage.isOn) throw new Error('The queue is out');
      await queue.send(pool, messages);
    },
  };
  const newScheduler = () => new Scheduler({ store, dispatcher: new Dispatcher(sender), clock });
  const scheduler = newScheduler();
  const reconciler = new Reconciler({ store, scheduler });
  const service = anExecutionService({
    store,
    clock,
    advance: startDies ? 'eager' : 'stream',
    watchesStarts: isWatched,
    ...(startDies && { dispatcher: new Dispatcher({ send: async () => undefined }) }),
  });
  const executionId = ExecutionId.parse('execution-1');
  await service.start({ definition: aDefinition(nodes, definition), ...(config && { config }) });

  const times = () => ({ queuedAtMs: clock.nowMs(), startedAtMs: clock.nowMs(), endedAtMs: clock.nowMs() });
  const bench = {
    clock,
    table,
    store,
    service,
    executionId,
    reconciler,
    outage,
    newScheduler,
    sweep: new Sweep({ store, reconciler, clock, ...(isWatched && { watch: new StartWatch({ store, clock }) }) }),
    meta: async () => (await store.executions.loadSnapshot(executionId))?.meta,
    state: async () => (await store.executions.loadSnapshot(executionId))?.state,
    /** The records since the last time. */
    takeRecords: (): ChangeRecord[] => records.splice(0),
    /** Hands on what is new, until the scheduler changes nothing more. */
    async advance(): Promise<void> {
      while (records.length > 0) {
        const { failed } = await scheduler.handle(records.splice(0));
        for (const { error } of failed) throw error;
      }
    },
    handle: (batch: readonly ChangeRecord[], by = scheduler) => by.handle(batch),
    /** Takes what was sent and is due: `kind node` or `kind node chunk`. */
    async sent(): Promise<string[]> {
      return (await bench.sentMessages()).map((message) => {
        if (message.kind === 'settle') return 'settle';
        const attempt = message.attempt > 1 ? ` @${message.attempt}` : '';
        return `${message.kind} ${message.node}${message.kind === 'chunk' ? ` ${message.chunk}` : ''}${attempt}`;
      });
    },
    async sentMessages(): Promise<TaskMessage[]> {
      const messages: TaskMessage[] = [];
      for (;;) {
        const deliveries = await queue.receive('default');
        if (deliveries.length === 0) return messages;
        for (const { receipt, body } of deliveries) {
          messages.push(TaskMessage.parse(JSON.parse(body)));
          await queue.acknowledge('default', receipt);
        }
      }
    },
    settle(
      node: string,
      status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED' = 'SUCCEEDED',
      { visit = 1, run = 1, next, code }: { visit?: number; run?: number; next?: string | null; code?: string } = {},
    ) {
      return store.results.putResult({
        executionId,
        resultShards: undefined,
        advance: 1,
        node: NodeId.parse(node),
        visit,
        run,
        status,
        source: 'handler',
        ...(status === 'SUCCEEDED' && { output: { inline: JSON.stringify(`output of ${node}`) } }),
        ...(status === 'FAILED' && { error: { name: `${node}Failed`, message: 'as the test says', code } }),
        ...(next !== undefined && { next: next === null ? null : NodeId.parse(next) }),
        ...times(),
        attempts: [],
      });
    },
    planMap: (node: string, items: number, chunks = items) =>
      store.results.putMap({
        executionId,
        resultShards: undefined,
        node: NodeId.parse(node),
        visit: 1,
        run: 1,
        items,
        chunks,
        chunkSize: 1,
        manifest: 'none',
        startedAtMs: clock.nowMs(),
      }),
    settleChunk: (node: string, chunk: number, failedItems = 0) =>
      store.results.putChunk({
        executionId,
        resultShards: undefined,
        node: NodeId.parse(node),
        visit: 1,
        run: 1,
        chunk,
        failedItems,
        outcome: { inline: '{"outputs":[],"failures":[]}' },
        ...times(),
        attempts: [],
      }),
  };
  return bench;
}
