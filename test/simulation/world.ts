import type { DynamoDBBatchResponse, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { giveUpBatch } from '../../functions/dead-letter/give-up-batch.ts';
import { runBatch } from '../../functions/node-runner/run-batch.ts';
import { observeBatch } from '../../functions/observer/observe-batch.ts';
import { advanceBatch } from '../../functions/scheduler/advance-batch.ts';
import {
  OBSERVER_SOURCE,
  POOL_SOURCE,
  SCHEDULER_SOURCE,
  STREAM_FAILURES,
  TIMEOUT_SECONDS,
} from '../../infra/constructs/source-settings.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { ExecutionService } from '../../shared/executor/execution-service.ts';
import type { Advance } from '../../shared/model/config.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { StateItem } from '../../shared/model/items.ts';
import { batchSizeOf } from '../../shared/model/pools.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { Logger } from '../../shared/observability/logger.ts';
import { Observer } from '../../shared/observability/observer.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { deadLetterPool, type OutgoingMessage } from '../../shared/ports/task-queue.ts';
import { FLAGS_KNOWN_MS } from '../../shared/runner/flag-reader.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { SWEEP_INTERVAL_MS, Sweep } from '../../shared/scheduler/sweep.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { checkpointKey, executionIdOf, executionPk, metaKey, resultPks } from '../../shared/store/keys.ts';
import { openStore, type Store } from '../../shared/store/store.ts';
import { Invariants } from '../support/invariants.ts';
import { Accounting } from './accounting.ts';
import { Dice } from './dice.ts';
import { EventLoop } from './event-loop.ts';
import { type FaultPlan, Faults } from './faults.ts';
import { FunctionHost } from './function-host.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemoryTable } from './memory-table.ts';
import { atOnce } from './ports.ts';
import { isAskedFor, type Latencies, type SimulatedProcess, type Surroundings } from './process.ts';
import { SimulatedQueue } from './queue-source.ts';
import { rebuiltProblems } from './rebuilt.ts';
import { SimulatedStream, type StreamBatch } from './stream-source.ts';
import { Transitions } from './transitions.ts';
import { watchedHandlers } from './watched-handlers.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly faults: FaultPlan;
  readonly latencies: Latencies;
  /** Workflows there are, by name: what the watchers check executions against. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly pools: readonly string[];
  readonly maxConcurrency: number;
  readonly lanes: number;
  /** Default: of an item, as where a shard is read in parts; one partition's are otherwise in order, too. */
  readonly keepsOrderOf?: 'item' | 'partition';
  /** Over how many partitions results are spread; 1: beside META. Default: as the API decides. */
  readonly resultShards?: number | undefined;
  readonly isObserved: boolean;
  readonly advance: Advance;
  readonly handlers: (clock: Clock) => readonly AnyHandler[];
  readonly onTrace?: ((line: string) => void) | undefined;
  readonly onCall?: Surroundings['onCall'];
  readonly onDone?: Surroundings['onDone'];
  readonly onChange?: ((record: ChangeRecord) => void) | undefined;
  /** Default true: executions are watched for what must never be. */
  readonly isWatched?: boolean;
  /** Of the runner. Default: the stack's. */
  readonly runnerTimeoutSeconds?: number;
}

const API_TIMEOUT_MS = 29_000;
/** How many of the states that could be rebuilt are. */
const REBUILT = 0.1;

/** A request to the API function. */
export type Request = (service: ExecutionService) => Promise<unknown>;
export type Answer = { readonly value: unknown } | { readonly refused: string };

/** The deployed stack on simulated time: its real functions, between a table, queues and a stream that do as a seed says. */
export class World {
  readonly loop = new EventLoop();
  readonly dice: Dice;
  readonly faults: Faults;
  readonly table: MemoryTable;
  readonly blobs = new MemoryBlobs();
  /** Without faults and at once, to look and to ask. */
  readonly store: Store;
  readonly violations: string[] = [];
  readonly transitions = new Transitions(() => this.loop.elapsedMs);
  readonly api: FunctionHost<Request, Answer>;
  readonly functions: ReadonlyMap<string, Pick<FunctionHost<never, never>, 'invocations' | 'coldStarts' | 'busyMs'>>;
  /** Executions there are, by id. */
  readonly executions = new Map<string, Invariants>();
  readonly queues = new Map<string, SimulatedQueue>();
  readonly stream: SimulatedStream;
  readonly observerStream: SimulatedStream | undefined;
  /** Whether something was lost that only a sweep makes good, or that history lacks for good. */
  hasLost = { message: false, record: false, batch: false, observed: false };
  /** Told of each execution as it ends. */
  onEnd: (executionId: string) => void = () => undefined;
  /** When anything last changed but for the time of the next sweep, since the beginning. */
  movedAtMs = 0;
  readonly #options: WorldOptions;
  readonly #surroundings: Surroundings;
  readonly #accounting: Accounting;
  readonly #sweeps: FunctionHost<ExecutionId | undefined, void>;
  readonly #deciders: readonly { readonly busy: number }[];
  #lagging: MemoryTable | undefined;
  #ticks = 0;
  #ids = 0;
  readonly #pauses = new Map<string, number>();
  #rebuilds = 0;
  readonly #sentOnce = new Map<string, Set<string>>();
  #isOver = false;

  constructor(options: WorldOptions) {
    const { seed, plans, latencies, onTrace } = options;
    this.#options = options;
    this.dice = new Dice(seed);
    const trace: Surroundings['trace'] =
      onTrace === undefined
        ? () => undefined
        : (line) => onTrace(`${this.loop.elapsedMs.toFixed(3).padStart(12)} ${line()}`);
    this.faults = new Faults(
      options.faults,
      this.dice,
      () => this.loop.elapsedMs,
      ({ id, kind, what }) => {
        if (kind === 'messageLost') this.hasLost.message = true;
        trace(() => `FAULT ${id}: ${what}`);
      },
    );
    this.table = new MemoryTable((record) => this.#onChange(record));
    const backend = {
      table: this.table,
      blobs: this.blobs,
      due: (...query: [string, number, number]) => this.#due(...query),
      send: (pool: string, messages: readonly OutgoingMessage[]) => this.#send(pool, messages),
    };
    this.#surroundings = {
      loop: this.loop,
      dice: this.dice,
      faults: this.faults,
      backend,
      latencies,
      throttled: new Map(),
      onDone: options.onDone,
      onCall: options.onCall,
      onError: (name, error) => this.#onThrown(name, error),
      trace,
    };
    const direct = atOnce(this.table, this.blobs);
    this.store = openStore(direct.table, direct.blobs, { id: 'onlooker' });
    this.#accounting = new Accounting({
      table: this.table,
      planOf: (workflow) => plans.get(workflow),
      waiting: () => [...this.queues.values()].flatMap(({ bodies }) => bodies),
      violated: (what) => this.violated(what),
    });

    const scheduler = this.#host<StreamBatch, DynamoDBBatchResponse>(
      'scheduler',
      TIMEOUT_SECONDS.scheduler,
      (process) => this.#scheduler(process),
    );
    const runner = this.#host<SQSEvent, SQSBatchResponse>(
      'runner',
      options.runnerTimeoutSeconds ?? TIMEOUT_SECONDS.runner,
      (process) => {
        let pool = '';
        const parts = this.#runner(
          process,
          this.#handlers(process, () => pool),
        );
        return (event, context) => {
          pool = event.Records[0]?.eventSourceARN ?? '';
          return runBatch(parts, event, context);
        };
      },
    );
    const deadLetter = this.#host<SQSEvent, SQSBatchResponse>('dead-letter', TIMEOUT_SECONDS.deadLetter, (process) => {
      const parts = this.#runner(process, []);
      return (event) => giveUpBatch(parts, event);
    });
    const observer = this.#host<StreamBatch, DynamoDBBatchResponse>('observer', TIMEOUT_SECONDS.observer, (process) =>
      this.#observer(process),
    );
    this.#sweeps = this.#host<ExecutionId | undefined, void>('sweep', TIMEOUT_SECONDS.sweep, (process) =>
      this.#sweep(process),
    );
    this.#deciders = [scheduler, this.#sweeps];
    this.api = this.#host<Request, Answer>('api', API_TIMEOUT_MS / 1_000, (process) => this.#service(process));
    this.functions = new Map(
      Object.entries({ scheduler, runner, deadLetter, observer, sweep: this.#sweeps, api: this.api }),
    );
    for (const pool of options.pools) this.#openPool(pool, runner, deadLetter);
    this.stream = new SimulatedStream(
      {
        name: 'stream',
        ...SCHEDULER_SOURCE,
        ...this.#failures(),
        lanes: options.lanes,
        keepsOrderOf: options.keepsOrderOf ?? 'item',
        onHandled: (records) => {
          if (options.isWatched === false) return;
          if (!this.hasLost.message) this.#accounting.onHandled(records);
          for (const id of new Set(records.map(executionIdOf))) this.#rebuildSoon(ExecutionId.parse(id));
        },
        onLost: () => {
          this.hasLost.record = true;
        },
        onGivenUp: () => {
          this.hasLost.record = true;
          this.hasLost.batch = true;
        },
      },
      this.#surroundings,
      scheduler,
    );
    if (options.isObserved) this.observerStream = this.#observe(observer);
    this.#armSweep();
  }

  /** All items of an execution, wherever they lie. */
  itemsOf(executionId: string): readonly Item[] {
    const id = ExecutionId.parse(executionId);
    const item = this.table.get(metaKey(id));
    const resultShards = item === undefined ? undefined : parseMeta(item).resultShards;
    const pks = new Set([executionPk(id), ...resultPks({ executionId: id, resultShards })]);
    return [...pks].flatMap((pk) => this.table.partition(pk));
  }

  violated(what: string): void {
    this.violations.push(what);
    this.#surroundings.trace(() => `VIOLATED ${what}`);
  }

  get isQuiet(): boolean {
    return (
      this.stream.isEmpty &&
      (this.observerStream?.isEmpty ?? true) &&
      [...this.queues.values()].every(({ isEmpty }) => isEmpty)
    );
  }

  /** Sends again all that is open, as an engine does that takes an execution over. */
  async adopt(executionId: ExecutionId): Promise<void> {
    await this.#sweeps.invoke(executionId);
  }

  /** No more sweeps: nothing is left to look at. */
  close(): void {
    this.#isOver = true;
  }

  #host<Event, Result>(
    name: string,
    timeoutSeconds: number,
    start: (
      process: SimulatedProcess,
    ) => (event: Event, context: { getRemainingTimeInMillis(): number }) => Promise<Result>,
  ): FunctionHost<Event, Result> {
    return new FunctionHost({ name, timeoutMs: timeoutSeconds * 1_000, start }, this.#surroundings);
  }

  #failures() {
    return {
      retryAttempts: STREAM_FAILURES.retryAttempts,
      bisects: STREAM_FAILURES.bisectBatchOnError,
    };
  }

  /** What `functions/runtime.ts` builds for an instance. */
  #runtime({ name, clock, ports }: SimulatedProcess) {
    const store = openStore(ports.table, ports.blobs, { id: name });
    const logger = new Logger({ write: (line) => this.#onLog(line) });
    return { store, clock, logger, dispatcher: new Dispatcher(ports.sender) };
  }

  #scheduler(process: SimulatedProcess) {
    const { store, clock, logger, dispatcher } = this.#runtime(process);
    const parts = { scheduler: new Scheduler({ store, dispatcher, clock, id: process.name }), logger };
    return ({ records }: StreamBatch) => advanceBatch(parts, records);
  }

  #runner(process: SimulatedProcess, handlers: readonly AnyHandler[]) {
    const runtime = this.#runtime(process);
    const registry = new HandlerRegistry(handlers);
    const runner = new NodeRunner({
      ...runtime,
      handlers: registry,
      random: process.random,
      sharesReads: true,
    });
    return { runner, logger: runtime.logger };
  }

  #sweep(process: SimulatedProcess) {
    const { store, clock, dispatcher } = this.#runtime(process);
    const scheduler = new Scheduler({ store, dispatcher, clock, id: process.name });
    const reconciler = new Reconciler({ store, scheduler });
    const sweep = new Sweep({ store, clock, reconciler });
    return async (adopted: ExecutionId | undefined) => {
      if (adopted !== undefined) return void (await reconciler.reconcile(adopted, { resend: 'all' }));
      const { failed } = await sweep.run();
      for (const { error } of failed) this.#onError(error);
    };
  }

  #observer(process: SimulatedProcess) {
    const { store, logger } = this.#runtime(process);
    const parts = { store, observer: new Observer(store), logger, shard: 'stream' };
    return ({ records, window }: StreamBatch) => observeBatch(parts, records, window);
  }

  #service(process: SimulatedProcess) {
    const { store, clock, dispatcher } = this.#runtime(process);
    const pools = Object.fromEntries(
      this.#options.pools.filter((pool) => pool !== 'default').map((pool) => [pool, {}]),
    );
    const { resultShards } = this.#options;
    const newId = () => `made-${++this.#ids}`;
    const service = new ExecutionService({
      store,
      clock,
      pools,
      handlersVersion: () => '',
      handlersPin: () => ({ version: '' }),
      newId,
      exportsSpans: true,
      dispatcher,
      advance: this.#options.advance,
      flagsKnownMs: FLAGS_KNOWN_MS,
      ...(resultShards !== undefined && { resultShards: () => (resultShards === 1 ? undefined : resultShards) }),
    });
    return async (request: Request): Promise<Answer> => {
      try {
        return { value: await request(service) };
      } catch (error) {
        // What the API says no to is an answer; anything else is worth another try.
        if (error instanceof FanjoinError && !error.retryable) return { refused: error.code };
        throw error;
      }
    };
  }

  #handlers(process: SimulatedProcess, pool: () => string): readonly AnyHandler[] {
    return watchedHandlers(this.#options.handlers(process.clock), {
      process,
      pool,
      loop: this.loop,
      dice: this.dice,
      faults: this.faults,
      plans: this.#options.plans,
      invariantsOf: (executionId) => this.executions.get(executionId),
      table: this.table,
      violated: (what) => this.violated(what),
    });
  }

  #openPool(
    pool: string,
    runner: FunctionHost<SQSEvent, SQSBatchResponse>,
    deadLetter: FunctionHost<SQSEvent, SQSBatchResponse>,
  ): void {
    const { maxConcurrency, runnerTimeoutSeconds = TIMEOUT_SECONDS.runner } = this.#options;
    const margin = POOL_SOURCE.visibilityMarginSeconds;
    const onRemoved = (body: string) => {
      if (!this.hasLost.message && this.#options.isWatched !== false) this.#accounting.onRemoved(body);
    };
    const dead = new SimulatedQueue(
      {
        name: deadLetterPool(pool),
        visibilityMs: (TIMEOUT_SECONDS.deadLetter + margin) * 1_000,
        batchSize: POOL_SOURCE.deadLetterBatchSize,
        maxConcurrency: 2,
        onRemoved,
      },
      this.#surroundings,
      deadLetter,
    );
    const queue = new SimulatedQueue(
      {
        name: pool,
        visibilityMs: (runnerTimeoutSeconds + margin) * 1_000,
        maxReceiveCount: POOL_SOURCE.maxReceiveCount,
        deadLetters: dead,
        batchSize: batchSizeOf(pool),
        maxConcurrency: pool === 'default' ? maxConcurrency : 2,
        onRemoved,
      },
      this.#surroundings,
      runner,
    );
    this.queues.set(pool, queue);
    this.queues.set(deadLetterPool(pool), dead);
  }

  #observe(observer: FunctionHost<StreamBatch, DynamoDBBatchResponse>): SimulatedStream {
    return new SimulatedStream(
      {
        name: 'observer-stream',
        ...OBSERVER_SOURCE,
        ...this.#failures(),
        lanes: 2,
        keepsOrderOf: 'partition',
        windowMs: OBSERVER_SOURCE.tumblingWindowMs,
        batchingWindowMs: OBSERVER_SOURCE.batchingWindowSeconds * 1_000,
        onLost: () => {
          this.hasLost.observed = true;
        },
        onGivenUp: () => {
          this.hasLost.observed = true;
        },
      },
      this.#surroundings,
      observer,
    );
  }

  #armSweep(): void {
    this.loop.after(SWEEP_INTERVAL_MS, () => {
      if (this.#isOver) return;
      const site = `sweep ${++this.#ticks}`;
      if (this.faults.at(site, ['sweepMissed'], site) === undefined) void this.#sweeps.invoke(undefined);
      this.#lagging = this.table.clone();
      this.#armSweep();
    });
  }

  #due(shard: string, untilMs: number, limit: number): readonly Item[] {
    const isBehind = this.faults.at(`due ${this.#ticks} ${shard}`, ['indexLags'], shard) !== undefined;
    return (isBehind ? (this.#lagging ?? this.table) : this.table).queryDue(shard, untilMs, limit);
  }

  #send(pool: string, messages: readonly OutgoingMessage[]): void {
    const queue = this.queues.get(pool);
    if (queue === undefined) throw new FanjoinError('UNKNOWN_POOL', `There is no pool '${pool}'`);
    queue.send(messages);
    if (this.#options.isWatched === false) return;
    for (const { body } of messages) {
      this.#accounting.onSend(body);
      const { executionId }: { executionId: string } = JSON.parse(body);
      this.#watching(executionId, (invariants) => invariants.onSend(body));
      this.#countSend(executionId, body);
    }
  }

  /** Where nothing goes wrong, work is sent once, unless it was parked. */
  #countSend(executionId: string, body: string): void {
    const { kind, node, visit, chunk, attempt, run } = JSON.parse(body);
    const name = [run, kind, node, visit, chunk, attempt].join(' ');
    const sent = this.#sentOnce.get(executionId) ?? new Set();
    this.#sentOnce.set(executionId, sent);
    if (sent.has(name) && this.faults.fired.length === 0) this.violated(`${executionId}: ${name} was sent twice`);
    sent.add(name);
  }

  #onChange(record: ChangeRecord): void {
    const { sk } = record.key;
    const isPostponed = sk === 'META' && record.before?.changedBy === record.after?.changedBy;
    if (record.before === undefined || !isPostponed) this.movedAtMs = this.loop.elapsedMs;
    this.transitions.onChange(record);
    const executionId = executionIdOf(record);
    if (executionId !== undefined) {
      const isWatched = this.#options.isWatched !== false;
      if (isWatched) this.#accounting.onChange(record);
      if (isWatched && !sk.startsWith('EVENT#') && !sk.startsWith('CHECKPOINT#')) {
        if (sk === 'META' && record.after !== undefined) {
          if (record.after.status === 'PAUSED' || record.after.parked !== undefined) this.#sentOnce.delete(executionId);
          this.#adopt(executionId, record.after);
          this.#countPause(record);
          if (isTerminal(parseMeta(record.after).status)) this.#onEnd(executionId, record.after);
        }
        this.#watching(executionId, (invariants) => invariants.onChange(record));
        if (sk === 'STATE') this.#onStateReplaced(ExecutionId.parse(executionId), record);
      }
    }
    this.#options.onChange?.(record);
    this.stream.push(record);
    this.observerStream?.push(record);
  }

  /** The next state takes the place of one that is a checkpoint: by then that has an item of its own. */
  #onStateReplaced(executionId: ExecutionId, { before }: ChangeRecord): void {
    if (before === undefined) return;
    const { state, revision } = StateItem.parse(before);
    if (state.checkpointRevision === revision && this.table.get(checkpointKey(executionId, revision)) === undefined)
      this.violated(`the checkpoint ${revision} of ${executionId} was not kept`);
  }

  #adopt(executionId: string, item: Item): void {
    if (this.executions.has(executionId)) return;
    const meta = parseMeta(item);
    const plan = this.#options.plans.get(meta.workflow);
    if (plan === undefined) return;
    const invariants = new Invariants(plan, meta.config.maxParallelNodes);
    this.executions.set(executionId, invariants);
    // Of one that goes on from a checkpoint all this was there before it was.
    for (const before of this.itemsOf(executionId))
      if (before.sk !== 'META') invariants.onChange({ shard: '', sequence: '0', key: before, after: before });
    if (isTerminal(meta.status)) return;
  }

  /** What pauses by itself does so at its points, at each once. */
  #countPause({ key, before, after }: ChangeRecord): void {
    const isOfUser = String(after?.changedBy).startsWith('api');
    if (before?.status !== 'RUNNING' || after?.status !== 'PAUSED' || isOfUser) return;
    const pauses = (this.#pauses.get(key.pk) ?? 0) + 1;
    this.#pauses.set(key.pk, pauses);
    const points = after.pauseBefore instanceof Set ? after.pauseBefore.size : 0;
    if (pauses > points) this.violated(`${key.pk} paused ${pauses} times at ${points} points`);
  }

  #onEnd(executionId: string, { pk, run, status, cachedFrom, isHandedOff, changedBy }: Item): void {
    // Sweeps end what is late, and what was lost.
    const isSwept = String(changedBy).startsWith('sweep') && status !== 'TIMED_OUT';
    if (isSwept && this.faults.fired.length === 0)
      this.violated(`nothing was lost of ${pk}, and a sweep had to end it`);
    const state = StateItem.safeParse(this.table.get({ pk, sk: 'STATE' }));
    // What was never decided on has no state.
    const isUndecided = run === 1 && isHandedOff === true && !state.success;
    if (cachedFrom === undefined && !isUndecided && state.data?.state.run !== run)
      this.violated(`run ${String(run)} of ${executionId} was ended by what is known of run ${state.data?.state.run}`);
    this.onEnd(executionId);
  }

  #watching(executionId: string, look: (invariants: Invariants) => void): void {
    const invariants = this.executions.get(executionId);
    if (invariants === undefined) return;
    const before = invariants.violations.length;
    look(invariants);
    for (const what of invariants.violations.slice(before)) this.violated(`${executionId}: ${what}`);
  }

  /** Once all that is known of an execution is decided on, its state must be what its results tell. */
  #rebuildSoon(executionId: ExecutionId): void {
    if (!this.dice.chance(`rebuild ${++this.#rebuilds}`, REBUILT)) return;
    this.loop.after(0, () => {
      const isSettled = !this.stream.hasLeft(executionId) && this.#deciders.every(({ busy }) => busy === 0);
      if (!isSettled || this.hasLost.record) return;
      const clock = { nowMs: () => this.loop.nowMs, after: () => () => undefined };
      void rebuiltProblems(this.table, this.blobs, executionId, clock).then((problems) => {
        for (const problem of problems) this.violated(`${executionId}: ${problem}`);
      });
    });
  }

  /** What functions log as errors is what was asked for, or news. */
  #onLog(line: string): void {
    const { level, message, error } = JSON.parse(line) as {
      level: string;
      message: string;
      error?: { message: string; stack?: string };
    };
    if (level !== 'error' || message === 'runner crashed' || isAskedFor(error?.message ?? '')) return;
    this.violated(`logged: ${message}: ${error?.stack ?? ''}`);
  }

  /** What a function throws is an outage it was given, a refusal, or news. */
  #onThrown(name: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // Its reasons are logged, and looked at there.
    const isLogged = name === 'observer' && text.includes('could not be written');
    if (!(error instanceof FanjoinError) && !isAskedFor(text) && !isLogged) this.violated(`${name} threw: ${text}`);
  }

  #onError(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!isAskedFor(text)) this.violated(`a sweep failed: ${text}`);
  }
}
