import { MemoryTaskQueue } from '../../shared/adapters/local/memory-queue.ts';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { ExecutionService } from '../../shared/executor/execution-service.ts';
import type { Advance } from '../../shared/model/config.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { Logger } from '../../shared/observability/logger.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { sleep } from '../../shared/ports/clock.ts';
import { type Delivery, deadLetterPool, type TaskSender } from '../../shared/ports/task-queue.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { concernsScheduler } from '../../shared/scheduler/concerns-scheduler.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { SWEEP_INTERVAL_MS, Sweep } from '../../shared/scheduler/sweep.ts';
import { openStore, type Store } from '../../shared/store/store.ts';
import type { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { FaultySender, NO_TROUBLE, type Trouble } from './faulty-queue.ts';
import { FaultyTable } from './faulty-table.ts';
import { Random } from './random-workflow-source.ts';

/** Shorter than some handlers take: their messages come a second time while the first runs. */
const VISIBILITY_MS = 30_000;

export interface TwinParts {
  readonly clock: VirtualClock;
  readonly handlers: readonly AnyHandler[];
  readonly seed?: number;
  readonly trouble?: Trouble;
  /** Default `eager`. */
  readonly advance?: Advance;
  readonly maxReceiveCount?: number;
  readonly onChange?: (record: ChangeRecord) => void;
  readonly onSend?: (body: string) => void;
  /** Executions with `traceExecution` are traced. Default false. */
  readonly exportsSpans?: boolean;
}

/** One scheduler or runner with a cache of its own, as each function instance has. */
interface Instance {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly runner: NodeRunner;
  readonly reconciler: Reconciler;
}

/**
 * The AWS executor in one process, on virtual time: a stream that repeats batches, a queue that repeats, delays and
 * reorders messages, two instances of each function, a sweep. The seed determines all of it.
 */
export class Twin {
  readonly clock: VirtualClock;
  readonly queue: MemoryTaskQueue;
  /** Without trouble, for tests to look and to ask. */
  readonly store: Store;
  readonly service: ExecutionService;
  readonly reconciler: Reconciler;
  readonly errors: unknown[] = [];
  readonly #parts: TwinParts;
  readonly #random: Random;
  readonly #trouble: Trouble;
  readonly #instances: readonly Instance[];
  readonly #close: () => Promise<void>;
  readonly #records: ChangeRecord[] = [];
  readonly #sweep: Sweep;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: TwinParts) {
    const { clock, seed = 1, trouble = NO_TROUBLE, maxReceiveCount = 1_000 } = parts;
    this.#parts = parts;
    this.clock = clock;
    this.#random = new Random(seed);
    this.#trouble = trouble;
    const database = openDatabase(':memory:', { mode: 'engine', clock });
    const table = new SqliteItemTable(database);
    const blobs = new SqliteBlobStore(database);
    this.queue = new MemoryTaskQueue({ clock, visibilityMs: VISIBILITY_MS, maxReceiveCount });
    const sender: TaskSender = {
      send: async (pool, messages) => {
        await this.queue.send(pool, messages);
        for (const { body } of messages) parts.onSend?.(body);
      },
    };
    this.#instances = [0, 1].map(() => {
      const store = openStore(new FaultyTable({ table, random: this.#random, trouble }), blobs);
      const dispatcher = new Dispatcher(new FaultySender({ sender, random: this.#random, trouble }));
      const scheduler = new Scheduler({ store, dispatcher, clock });
      const runner = new NodeRunner({
        store,
        dispatcher,
        clock,
        handlers: new HandlerRegistry(parts.handlers),
        logger: new Logger({ write: () => undefined }),
        random: this.#random.next,
      });
      return { store, scheduler, runner, reconciler: new Reconciler({ store, scheduler }) };
    });
    const { reconciler, store } = this.#instance();
    this.reconciler = reconciler;
    this.#sweep = new Sweep({ store, reconciler, clock });
    this.store = openStore(table, blobs);
    this.service = new ExecutionService({
      store: this.store,
      clock,
      handlersVersion: () => '',
      newId: () => `execution-${seed}`,
      exportsSpans: parts.exportsSpans ?? false,
      dispatcher: new Dispatcher(sender),
      advance: parts.advance ?? 'eager',
    });
    this.#close = () => database.close();
    table.subscribe((records) => this.#hear(records));
    void this.#pump();
    this.#armSweep();
  }

  /** Begins to consume the queues of a workflow. */
  serve(plan: Plan): void {
    const pools = new Set(
      plan.nodes
        .map(({ definition }) => ('pool' in definition ? definition.pool : undefined) ?? 'default')
        .concat('default'),
    );
    for (const pool of pools) {
      void this.#consume(pool, (delivery) => this.#run(pool, delivery));
      void this.#consume(deadLetterPool(pool), (delivery) => this.#giveUp(pool, delivery));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    this.queue.close();
    await this.clock.quiet();
    await this.#close();
  }

  #instance(): Instance {
    const [first, second] = this.#instances;
    if (first === undefined || second === undefined) throw new Error('There are two');
    return this.#random.chance(0.5) ? first : second;
  }

  #hear(records: readonly ChangeRecord[]): void {
    for (const record of records) {
      if (!record.key.pk.startsWith('EXEC#')) continue;
      this.#parts.onChange?.(record);
      if (concernsScheduler(record)) this.#records.push(record);
    }
    this.#wake();
  }

  /** The stream's event source: in order, a batch at a time; one that failed, and now and then one that did not, again. */
  async #pump(): Promise<void> {
    const random = this.#random;
    let position = 0;
    while (!this.#isClosed) {
      if (position >= this.#records.length) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      if (random.chance(this.#trouble.delayed)) await sleep(this.clock, random.int(1, 400));
      const batch = this.#records.slice(position, position + random.int(1, 10));
      const handling = this.#instance().scheduler.handle(batch);
      // A function that was given up for dead still writes while the next one has its batch.
      if (random.chance(this.#trouble.repeated / 2)) continue;
      const { failed } = await handling;
      for (const { error } of failed) this.#note(error);
      if (failed.length > 0) await sleep(this.clock, random.int(1, 200));
      else if (random.chance(this.#trouble.repeated)) position = Math.max(0, position - random.int(0, 5));
      else position += batch.length;
    }
  }

  async #consume(pool: string, work: (delivery: Delivery) => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      for (const delivery of await this.queue.receive(pool, { max: 10, waitMs: 60_000 })) void work(delivery);
    }
  }

  async #run(pool: string, { body, receipt, receiveCount }: Delivery): Promise<void> {
    const random = this.#random;
    if (random.chance(this.#trouble.delayed)) await sleep(this.clock, random.int(1, 2_000));
    try {
      await this.#instance().runner.run(TaskMessage.parse(JSON.parse(body)), { receiveCount });
      if (!random.chance(this.#trouble.repeated)) await this.queue.acknowledge(pool, receipt);
    } catch (error) {
      this.#note(error);
      await this.queue.changeVisibility(pool, receipt, random.int(1, 3_000));
    }
  }

  async #giveUp(pool: string, { body, receipt, receiveCount }: Delivery): Promise<void> {
    try {
      await this.#instance().runner.giveUp(TaskMessage.parse(JSON.parse(body)), receiveCount);
      await this.queue.acknowledge(deadLetterPool(pool), receipt);
    } catch (error) {
      this.#note(error);
    }
  }

  #armSweep(): void {
    this.clock.after(
      SWEEP_INTERVAL_MS,
      () => {
        if (this.#isClosed) return;
        this.#sweep.run().then(
          ({ failed }) => {
            for (const { error } of failed) this.#note(error);
          },
          (error) => this.#note(error),
        );
        this.#armSweep();
      },
      { isBackground: true },
    );
  }

  /** Trouble the test asked for is no news; anything else is. */
  #note(error: unknown): void {
    if (!(error instanceof Error && /as the test asks/.test(error.message))) this.errors.push(error);
  }
}
