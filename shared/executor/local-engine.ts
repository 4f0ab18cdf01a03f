import { localSecrets } from '../adapters/local/local-secrets.ts';
import { MemoryTaskQueue } from '../adapters/local/memory-queue.ts';
import { SqliteBlobStore } from '../adapters/local/sqlite-blobs.ts';
import { openDatabase, type SqliteDatabase } from '../adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../adapters/local/sqlite-table.ts';
import { FanjoinError } from '../errors.ts';
import { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import { CallbackFeed } from '../observability/callback-feed.ts';
import { Callbacks } from '../observability/callbacks.ts';
import { LocalMonitor } from '../observability/local-monitor.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import { NodeRunner } from '../runner/runner.ts';
import { Dispatcher } from '../scheduler/dispatcher.ts';
import { Reconciler } from '../scheduler/reconcile.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { Sweep } from '../scheduler/sweep.ts';
import { parseMeta } from '../store/execution-store.ts';
import { executionIdOf } from '../store/keys.ts';
import { RecentResults } from '../store/recent-results.ts';
import { openStore, type Store } from '../store/store.ts';
import { activeSpan } from '../tracing/active-span.ts';
import { loadCheckpoint } from './checkpoints.ts';
import { NO_DEAD_LETTERS } from './dead-letters.ts';
import { ExecutionService } from './execution-service.ts';
import type { Executions, RedriveOptions, ResultsOptions, StartInput, TimeRange, WaitOptions } from './executions.ts';
import { FeedPump } from './feed-pump.ts';
import { untilEvents } from './follow-events.ts';
import { assertPinned, localPin } from './handlers-pin.ts';
import type { ListOptions } from './listing.ts';
import { loadStanding } from './load-standing.ts';
import type { LocalEngineOptions } from './local-engine-options.ts';
import { LocalRetention } from './local-retention.ts';
import { LocalSweep } from './local-sweep.ts';
import { newId } from './new-id.ts';
import { OwnExecutions } from './own-executions.ts';
import { QueueWorkers } from './queue-workers.ts';
import { assertRegistered } from './registered-handlers.ts';
import { withoutUndefined } from './start-request.ts';
import { storedValues } from './stored-values.ts';
import { handlerVersions } from './workflow-cache.ts';
import type { Workflows } from './workflows.ts';

/** Never comes back by itself: in one process, a message whose handler lives needs no second delivery. */
const VISIBILITY_MS = Number.POSITIVE_INFINITY;
const MAX_RECEIVE_COUNT = 5;
/** Of results that were written a short while ago: what is read when their execution ends, or a join begins. */
const RECENT_CHARACTERS = 16_000_000;
/** For callbacks that are under way when the engine is closed. */
const CALLBACKS_MS = 2_000;
/** And for an exporter that has not taken all spans. */
const SPANS_MS = 2_000;

/**
 * The local twin: the scheduler, runner and sweep of the AWS executor in one process, over one SQLite file. Its queue
 * and its change feed live in memory; after a crash `reconcile` finds in the results what they held.
 */
export class LocalEngine implements Executions {
  readonly workflows: Workflows;
  readonly deadLetters = NO_DEAD_LETTERS;
  readonly #options: LocalEngineOptions;
  readonly #database: SqliteDatabase;
  readonly #store: Store;
  readonly #service: ExecutionService;
  readonly #reconciler: Reconciler;
  readonly #runner: NodeRunner;
  readonly #sweep: LocalSweep;
  readonly #pump: FeedPump;
  readonly #workers: QueueWorkers;
  readonly #callbacks: Callbacks;
  readonly #monitor: LocalMonitor;
  readonly #newId: (nowMs: number) => string;
  readonly #recovered: Promise<void>;
  readonly #unsubscribe: () => void;
  readonly #own = new OwnExecutions();
  #fault: Error | undefined;

  /** @throws {DatabaseError} if the file cannot serve: not ours, too new, read-only, in use by another live engine */
  constructor(options: LocalEngineOptions) {
    const { clock, handlers, logger, pools, random } = options;
    const secrets = options.secrets ?? localSecrets(undefined, process.env);
    this.#callbacks = options.callbacks ?? new Callbacks({ clock, logger });
    this.#newId = options.newId ?? newId;
    this.#options = options;
    this.#database = openDatabase(options.database, { mode: 'engine', clock });
    const table = new SqliteItemTable(this.#database);
    const store = openStore(table, new SqliteBlobStore(this.#database), {
      recent: new RecentResults(RECENT_CHARACTERS),
    });
    const queue = new MemoryTaskQueue({ clock, visibilityMs: VISIBILITY_MS, maxReceiveCount: MAX_RECEIVE_COUNT });
    const dispatcher = new Dispatcher(queue);
    const scheduler = new Scheduler({ store, dispatcher, clock });
    const onFault = (error: Error) => this.#fail(error);
    this.#store = store;
    this.#service = new ExecutionService({
      store,
      clock,
      pools,
      secrets,
      handlersVersion: (plan) => handlerVersions(plan, (type) => handlers.find(type)?.version ?? ''),
      handlersPin: (plan) => localPin(plan, handlers),
      newId: this.#newId,
      exportsSpans: options.spans !== undefined,
      retentionMs: options.retentionMs,
      dispatcher,
      ...(options.advance !== undefined && { advance: options.advance }),
      // A file has no partitions.
      resultShards: options.resultShards ?? (() => undefined),
      checkStart: (plan) => assertRegistered(plan, handlers),
    });
    this.workflows = this.#service.workflows;
    const feed = new CallbackFeed(this.#callbacks, storedValues(store));
    const together = <T>(ask: () => T): T => this.#database.together(ask);
    this.#monitor = new LocalMonitor({ store, clock, logger, feed, newId, together, onFault });
    this.#runner = new NodeRunner({
      store,
      dispatcher,
      clock,
      handlers,
      logger,
      random,
      secrets,
      sharesReads: true,
      onNodeStart: (start, input) => feed.nodeStarted(start, input),
      ...(options.attempt !== undefined && { attempt: options.attempt }),
    });
    this.#reconciler = new Reconciler({ store, scheduler });
    this.#pump = new FeedPump({ scheduler, clock, onFault });
    this.#workers = new QueueWorkers({ queue, runner: this.#runner, clock, logger, pools, onFault });
    this.#unsubscribe = table.subscribe((records) => this.#hear(records));
    const retention =
      options.retentionMs === undefined
        ? undefined
        : new LocalRetention({ database: this.#database, store, clock, retentionMs: options.retentionMs });
    const sweep = new Sweep({
      store,
      reconciler: this.#reconciler,
      clock,
      isOurs: ({ executionId }) => this.#own.has(executionId),
      // Its queue loses nothing while it lives, and a handler may take as long as it says.
      resends: false,
    });
    this.#sweep = new LocalSweep({ sweep, retention, clock, isIdle: () => this.#own.isEmpty, onFault });
    this.#recovered = this.#monitor.recover().then(() => retention?.keep());
  }

  /** @throws {FanjoinError} `UNREGISTERED_HANDLER`, or as `ExecutionService.start` does */
  async start(request: StartInput): Promise<{ executionId: string }> {
    this.#assertWorks();
    const { clock, config, spans } = this.#options;
    const executionId = request.executionId ?? this.#newId(clock.nowMs());
    const caller = spans === undefined ? {} : { span: await activeSpan() };
    const started = await this.#own.taking(
      executionId,
      () => this.#service.start(withoutUndefined({ ...request, executionId }), config, caller),
      ({ isNew }) => isNew,
    );
    // Started before and left by a crash, nothing would move it.
    if (!started.isNew) await this.#adopt(started.executionId);
    return { executionId: started.executionId };
  }

  describe(executionId: string) {
    return this.#service.describe(executionId);
  }

  outcome(executionId: string) {
    return this.#service.outcome(executionId);
  }

  results(executionId: string, options?: ResultsOptions) {
    return this.#service.results(executionId, options);
  }

  /** Who waits for events gets them as they are written, a tenth of a second later; who does not, all there are. */
  async history(executionId: string, { waitMs = 0, signal, ...options }: WaitOptions = {}) {
    const { clock } = this.#options;
    if (waitMs === 0) await this.#monitor.flush();
    let seen = 0;
    const look = () => {
      this.#assertWorks();
      seen = this.#monitor.writes;
      return this.#service.history(executionId, options);
    };
    const wait = (leftMs: number) => this.#monitor.written(executionId, seen, leftMs, signal);
    return untilEvents(look, { clock, waitMs, signal, wait });
  }

  list(options?: ListOptions) {
    return this.#service.list(options);
  }

  async metrics(workflow: string, range?: TimeRange) {
    await this.#monitor.flush();
    return this.#service.metrics(workflow, range);
  }

  definition(executionId: string) {
    return this.#service.definition(executionId);
  }

  billedOperations(executionId: string) {
    return this.#service.billedOperations(executionId);
  }

  report(executionId: string) {
    return this.#service.report(executionId);
  }

  async cancel(executionId: string): Promise<void> {
    await this.#service.cancel(executionId);
    await this.#adopt(executionId, { startsNodes: false });
  }

  pause(executionId: string, options?: { before?: string }): Promise<void> {
    return this.#service.pause(executionId, options);
  }

  /** Goes on with an execution that is paused, or that a crash left behind. Of one that ended it says so. */
  async resume(executionId: string): Promise<void> {
    const { status } = await this.#service.describe(executionId);
    const isOurs = this.#own.has(executionId);
    await this.#adopt(executionId);
    // Where a crash left nothing to do but the end, taking it over has ended it.
    if (status === 'PAUSED' && !isOurs && (await this.#service.describe(executionId)).endedAtMs !== undefined) return;
    if (status !== 'RUNNING' || isOurs) await this.#service.resume(executionId);
  }

  checkpoints(executionId: string) {
    return this.#service.checkpoints(executionId);
  }

  checkpoint(checkpointId: string) {
    return this.#service.checkpoint(checkpointId);
  }

  async resumeCheckpoint(checkpointId: string): Promise<{ executionId: string }> {
    const id = ExecutionId.parse(this.#newId(this.#options.clock.nowMs()));
    const { executionId: source } = await loadCheckpoint(this.#store, checkpointId);
    await this.#adopt(source, { startsNodes: false });
    const { executionId } = await this.#own.taking(
      id,
      () => this.#service.resumeCheckpoint(checkpointId, id),
      ({ isNew }) => isNew,
    );
    return { executionId };
  }

  /** @throws {FanjoinError} `UNREGISTERED_HANDLER`, `HANDLERS_VERSION_GONE` */
  async redrive(executionId: string, options: RedriveOptions = {}): Promise<void> {
    const { meta } = await loadStanding(this.#store, executionId);
    const plan = await this.#store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    assertRegistered(plan, this.#options.handlers);
    if (options.handlers !== 'latest') assertPinned(meta, plan, this.#options.handlers);
    await this.#own.taking(executionId, () => this.#service.redrive(executionId, options));
  }

  async untilAtRest(executionId: string, signal?: AbortSignal): Promise<void> {
    for (;;) {
      using next = this.#own.next(executionId, signal);
      this.#assertWorks();
      // Of what it advances itself it hears the end and each pause: it need not be looked at before.
      const isUnderWay = this.#own.isUnderWay(executionId);
      if (signal?.aborted || (!isUnderWay && (await this.#service.isAtRest(executionId)))) return;
      await next.changed;
    }
  }

  /** When the first of the executions it advances is over its time, which only the sweep looks at; `undefined`: none is open. */
  async nextDeadlineMs(): Promise<number | undefined> {
    const metas = await Promise.all(this.#own.ids.map((id) => this.#store.executions.loadMeta(id)));
    const deadlines = metas.flatMap((meta) =>
      meta === undefined || meta.stop !== undefined || isTerminal(meta.status) ? [] : [meta.deadlineAtMs],
    );
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  /** Who still waits for an execution is told so; it stays as it is, to be resumed. */
  async close(): Promise<void> {
    this.#fail(
      new FanjoinError(
        'EXECUTOR_CLOSED',
        'The executor is closed. Executions that were not done are kept: resume them with another',
      ),
    );
    this.#unsubscribe();
    await this.#workers.close();
    await this.#pump.close();
    await this.#recovered;
    await this.#monitor.close();
    await this.#callbacks.settled(CALLBACKS_MS);
    await this.#options.spans?.flush(SPANS_MS);
    await this.#database.close();
  }

  /** Takes over an execution that is not in this engine's hands yet: what was dispatched is sent again. */
  async #adopt(executionId: string, { startsNodes = true } = {}): Promise<void> {
    if (this.#own.has(executionId)) return;
    const { meta } = await loadStanding(this.#store, executionId);
    if (isTerminal(meta.status)) return;
    const plan = await this.#store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    if (startsNodes) {
      assertRegistered(plan, this.#options.handlers);
      assertPinned(meta, plan, this.#options.handlers);
    }
    this.#own.take(meta);
    await this.#monitor.adopt(meta);
    // Whoever ran its nodes is gone: there is nothing to wait for.
    if (meta.stop !== undefined) await this.#store.executions.markSettleElapsed(meta);
    await this.#reconciler.reconcile(meta.executionId, { resend: 'all' });
  }

  #hear(records: readonly ChangeRecord[]): void {
    // Of what is late, too: a handler that went on after the end is what one looks for in a trace.
    this.#options.spans?.hear(records);
    const ours = records.filter((record) => this.#own.has(executionIdOf(record)));
    this.#pump.push(ours);
    this.#monitor.hear(ours);
    for (const record of ours) {
      const { key, after } = record;
      if (key.sk === 'META' && after !== undefined) this.#hearMeta(parseMeta(after));
      const executionId = executionIdOf(record);
      if (executionId !== undefined) this.#own.wake(executionId, key.sk);
    }
  }

  #hearMeta(meta: MetaItem): void {
    this.#runner.hear(meta);
    this.#own.hear(meta);
  }

  /** Storage that fails is the end of this engine, not of its executions: they stand as they were, to be resumed. */
  #fail(error: Error): void {
    this.#fault ??= error;
    this.#sweep.stop();
    this.#own.wakeAll();
  }

  #assertWorks(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }
}
