import * as z from 'zod';
import {
  OBSERVER_SOURCE,
  SCHEDULER_SOURCE,
  STREAM_FAILURES,
  TIMEOUT_SECONDS,
} from '../../infra/constructs/source-settings.ts';
import { type GivenUpBatch, onFailureRecord } from '../../infra/local/on-failure-record.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { FanjoinError } from '../../shared/errors.ts';
import type { DeadLetters } from '../../shared/executor/dead-letters.ts';
import type { Advance } from '../../shared/model/config.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { StateItem } from '../../shared/model/items.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import type { LifecycleScope } from '../../shared/observability/lifecycle-event.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import type { OutgoingMessage } from '../../shared/ports/task-queue.ts';
import { SWEEP_INTERVAL_MS } from '../../shared/scheduler/sweep.ts';
import { START_WATCH_KEY } from '../../shared/store/keys.ts';
import { openStore, type Store } from '../../shared/store/store.ts';
import { SimulatedBus } from './bus.ts';
import { type Answer, deadLettersOf, deployed, GIVEN_UP_QUEUE, type Request, unsettledQueue } from './deployed.ts';
import { Dice } from './dice.ts';
import { EventLoop } from './event-loop.ts';
import { type FaultPlan, Faults } from './faults.ts';
import { FunctionHost, type FunctionSettings } from './function-host.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { itemsOf } from './items-of.ts';
import { SimulatedLetters } from './letters.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemoryTable } from './memory-table.ts';
import { type PoolFunctions, poolQueues } from './pool-queues.ts';
import { atOnce } from './ports.ts';
import type { Latencies, SimulatedProcess, Surroundings } from './process.ts';
import type { DeadLetterTarget, SimulatedQueue } from './queue-source.ts';
import { SimulatedStream, type StreamSettings } from './stream-source.ts';
import { Transitions } from './transitions.ts';
import { Watch } from './watch.ts';
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
  /** What a bus is told of executions that are observed. Default: there is none. */
  readonly lifecycle?: LifecycleScope | undefined;
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

/** Records of which a function's event source said that it will not deliver them again. */
export interface GivenUpRecords {
  readonly functionName: string;
  readonly condition: GivenUpBatch['condition'];
  readonly sequences: readonly string[];
}

const API_TIMEOUT_MS = 29_000;
const Awaited = z.object({ notBeforeMs: z.number().optional() });
/** A message whose time has come is with its runner soon. */
const AWAITED_MS = 10 * 60_000;
const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:';
const STREAM_ARN = 'arn:aws:dynamodb:eu-west-1:111122223333:table/simulated/stream/2030-01-01T00:00:00.000';

/** The deployed stack on simulated time: its real functions, between a table, queues and a stream that do as a seed says. */
export class World {
  readonly loop = new EventLoop();
  readonly dice: Dice;
  readonly faults: Faults;
  readonly table: MemoryTable;
  readonly blobs = new MemoryBlobs();
  readonly letters = new SimulatedLetters(
    () => this.loop.nowMs,
    (body) => {
      if (!this.#sentBack.has(body)) this.violated(`what nobody could settle was removed, and not sent back: ${body}`);
    },
  );
  readonly bus: SimulatedBus;
  /** Without faults and at once, to look and to ask. */
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly violations: string[] = [];
  readonly transitions = new Transitions(() => this.loop.elapsedMs);
  readonly api: FunctionHost<Request, Answer>;
  readonly functions: ReadonlyMap<string, Pick<FunctionHost<never, never>, 'invocations' | 'coldStarts' | 'busyMs'>>;
  readonly watch: Watch;
  readonly queues = new Map<string, SimulatedQueue>();
  readonly stream: SimulatedStream;
  readonly observerStream: SimulatedStream | undefined;
  /** Whether something was lost, or left to people, that only a sweep makes good, or that history lacks for good. */
  hasLost = { message: false, record: false, batch: false, observed: false, unsettled: false, parked: false };
  readonly givenUp: GivenUpRecords[] = [];
  /** Messages that ever were unsettled. */
  unsettledMessages = 0;
  /** Told of each execution whose end is decided, and not written. */
  onEnding: (executionId: string) => void = () => undefined;
  /** Told of each execution as it ends. */
  onEnd: (executionId: string) => void = () => undefined;
  /** When anything last changed but for the time of the next sweep, since the beginning. */
  movedAtMs = 0;
  readonly #options: WorldOptions;
  readonly #surroundings: Surroundings;
  readonly #sweeps: FunctionHost<ExecutionId | undefined, void>;
  /** Bodies of messages that were sent again while they were unsettled. */
  readonly #sentBack = new Set<string>();
  readonly #keys = new IdempotencyKeys();
  #lagging: MemoryTable | undefined;
  #ticks = 0;
  #ids = 0;
  #isOver = false;

  constructor(options: WorldOptions) {
    const { seed, plans, latencies, onTrace, pools, advance, runnerTimeoutSeconds = TIMEOUT_SECONDS.runner } = options;
    this.#options = options;
    this.dice = new Dice(seed);
    const trace: Surroundings['trace'] =
      onTrace === undefined
        ? () => undefined
        : (line) => onTrace(`${this.loop.elapsedMs.toFixed(3).padStart(12)} ${line()}`);
    const elapsedMs = () => this.loop.elapsedMs;
    this.faults = new Faults(options.faults, this.dice, elapsedMs, ({ id, kind, what }) => {
      if (kind === 'messageLost') this.hasLost.message = true;
      trace(() => `FAULT ${id}: ${what}`);
    });
    const violated = (what: string) => this.violated(what);
    this.table = new MemoryTable((record) => this.#onChange(record));
    this.bus = new SimulatedBus({ table: this.table, violated });
    this.#surroundings = {
      loop: this.loop,
      dice: this.dice,
      faults: this.faults,
      backend: {
        table: this.table,
        blobs: this.blobs,
        letters: this.letters,
        lagging: (what: string) => this.#seen(what),
        send: (pool, messages) => this.#send(pool, messages),
        tell: (events) => this.bus.take(events),
      },
      latencies,
      throttled: new Map(),
      onDone: options.onDone,
      onCall: options.onCall,
      onError: (name, error) => this.watch.onThrown(name, error),
      trace,
    };
    const { letters } = this;
    const direct = atOnce(this.table, this.blobs, { letters });
    this.store = openStore(direct.table, direct.blobs, { id: 'onlooker' });
    this.deadLetters = deadLettersOf(pools, direct);

    const { start, out } = this.#functions(advance);
    const scheduler = out('scheduler', TIMEOUT_SECONDS.scheduler, start.scheduler);
    const runner = out('runner', runnerTimeoutSeconds, start.runner);
    const deadLetter = out('dead-letter', TIMEOUT_SECONDS.deadLetter, start.deadLetter);
    const observer = out('observer', TIMEOUT_SECONDS.observer, start.observer);
    this.#sweeps = out('sweep', TIMEOUT_SECONDS.sweep, start.sweep);
    // Who asks it for something would not wait for as long as the others may be out.
    this.api = this.#host({ name: 'api', timeoutMs: API_TIMEOUT_MS, start: start.api });
    const { api } = this;
    this.functions = new Map(Object.entries({ scheduler, runner, deadLetter, observer, sweep: this.#sweeps, api }));
    const deciders: readonly { readonly busy: number }[] = [scheduler, this.#sweeps];
    this.watch = new Watch({
      table: this.table,
      blobs: this.blobs,
      plans,
      loop: this.loop,
      dice: this.dice,
      faults: this.faults,
      waiting: () => [...[...this.queues.values()].flatMap(({ bodies }) => bodies), ...this.unsettled],
      isSettled: (executionId) => !this.stream.hasLeft(executionId) && deciders.every(({ busy }) => busy === 0),
      hasLost: this.hasLost,
      violated,
      onEnding: (executionId) => this.onEnding(executionId),
      onEnd: (executionId) => this.onEnd(executionId),
    });
    for (const pool of pools) this.#openPool(pool, { runner, deadLetter, runnerTimeoutSeconds });
    this.stream = this.#feed(scheduler, 'scheduler', {
      name: 'stream',
      ...SCHEDULER_SOURCE,
      lanes: options.lanes,
      keepsOrderOf: options.keepsOrderOf ?? 'item',
      onHandled: (records) => {
        if (this.#isWatched) this.watch.onHandled(records);
      },
      onLost: ({ key, before, after }) => {
        this.hasLost.record = true;
        // Who never heard of the pause looks for nothing that was parked in it.
        const isPauseKnown = isPausedIn(this.table.get({ pk: key.pk, sk: 'STATE' }));
        if (before?.parked !== undefined && after?.parked === undefined && !isPauseKnown) this.hasLost.parked = true;
      },
      onGivenUp: () => {
        this.hasLost.record = true;
        this.hasLost.batch = true;
      },
    });
    if (options.isObserved) {
      const onLost = () => {
        this.hasLost.observed = true;
      };
      this.observerStream = this.#feed(observer, 'observer', {
        name: 'observer-stream',
        ...OBSERVER_SOURCE,
        lanes: 2,
        keepsOrderOf: 'partition',
        windowMs: OBSERVER_SOURCE.tumblingWindowMs,
        batchingWindowMs: OBSERVER_SOURCE.batchingWindowSeconds * 1_000,
        onLost,
        onGivenUp: onLost,
      });
    }
    this.#armSweep();
  }

  /** All items of an execution, wherever they lie. */
  itemsOf(executionId: string): readonly Item[] {
    return itemsOf(this.table, ExecutionId.parse(executionId));
  }

  violated(what: string): void {
    this.violations.push(what);
    this.#surroundings.trace(() => `VIOLATED ${what}`);
  }

  /** Whether anything may go wrong by chance. */
  get isDisturbed(): boolean {
    return this.#options.faults.budget > 0;
  }

  /** Bodies of messages that nobody could settle. */
  get unsettled(): string[] {
    return this.#options.pools.flatMap((pool) => this.letters.bodies(unsettledQueue(pool)));
  }

  get isQuiet(): boolean {
    return (
      this.stream.isEmpty &&
      (this.observerStream?.isEmpty ?? true) &&
      [...this.queues.values()].every(({ isEmpty }) => isEmpty) &&
      this.unsettled.length === 0
    );
  }

  /** Something waits for its time, as its retry policy asks. */
  get isAwaited(): boolean {
    const bodies = [...this.queues.values()].flatMap((queue) => queue.bodies);
    return bodies.some((body) => (Awaited.parse(JSON.parse(body)).notBeforeMs ?? 0) > this.loop.nowMs - AWAITED_MS);
  }

  /** Sends again all that is open, as an engine does that takes an execution over. */
  async adopt(executionId: ExecutionId): Promise<void> {
    await this.#sweeps.invoke(executionId);
  }

  /** No more sweeps: nothing is left to look at. */
  close(): void {
    this.#isOver = true;
  }

  get #isWatched(): boolean {
    return this.#options.isWatched !== false;
  }

  #host<Event, Result>(settings: FunctionSettings<Event, Result>): FunctionHost<Event, Result> {
    return new FunctionHost(settings, this.#surroundings);
  }

  /** What the functions do; and one of them that may be out for a while. */
  #functions(advance: Advance) {
    const start = deployed({
      pools: this.#options.pools,
      advance,
      lifecycle: this.#options.lifecycle,
      resultShards: this.#options.resultShards,
      newId: () => `made-${++this.#ids}`,
      handlers: (process, pool) => this.#handlers(process, pool),
      onLog: (line) => this.watch.onLog(line),
      onSweepFailed: (error) => this.watch.onSweepFailed(error),
    });
    const out = <Event, Result>(
      name: string,
      timeoutSeconds: number,
      of: FunctionSettings<Event, Result>['start'],
    ): FunctionHost<Event, Result> =>
      this.#host({ name, timeoutMs: timeoutSeconds * 1_000, mayBeOut: true, start: of });
    return { start, out };
  }

  #handlers(process: SimulatedProcess, pool: () => string): readonly AnyHandler[] {
    return watchedHandlers(this.#options.handlers(process.clock), {
      process,
      pool,
      loop: this.loop,
      dice: this.dice,
      faults: this.faults,
      plans: this.#options.plans,
      invariantsOf: (executionId) => this.watch.executions.get(executionId),
      table: this.table,
      keys: this.#keys,
      violated: (what) => this.violated(what),
    });
  }

  #openPool(pool: string, functions: PoolFunctions): void {
    const { maxConcurrency } = this.#options;
    const onRemoved = (body: string) => {
      if (this.#isWatched) this.watch.onRemoved(body);
    };
    const unsettled: DeadLetterTarget = {
      bury: (_id, body) => {
        this.hasLost.unsettled = true;
        this.unsettledMessages++;
        this.letters.put(unsettledQueue(pool), { body });
      },
    };
    const ends = { unsettled, onRemoved };
    for (const [name, queue] of poolQueues(pool, this.#surroundings, functions, { ...ends, maxConcurrency }))
      this.queues.set(name, queue);
  }

  /** What its source gives up it notes, as Lambda does at the destination of the stack. */
  #feed(
    host: ConstructorParameters<typeof SimulatedStream>[2],
    functionName: string,
    settings: Omit<StreamSettings, 'retryAttempts' | 'bisects' | 'maxRecordAgeMs'>,
  ): SimulatedStream {
    const onGivenUp: StreamSettings['onGivenUp'] = (batch) => {
      settings.onGivenUp(batch);
      const { condition } = batch;
      this.givenUp.push({ functionName, condition, sequences: batch.records.map(({ sequence }) => sequence) });
      const records = batch.records.map(({ sequence: SequenceNumber }) => ({ dynamodb: { SequenceNumber } }));
      const to = { functionArn: `${FUNCTION_ARN}${functionName}`, streamArn: STREAM_ARN, nowMs: this.loop.nowMs };
      this.letters.put(GIVEN_UP_QUEUE, { body: JSON.stringify(onFailureRecord({ ...batch, records }, to)) });
    };
    const { retryAttempts, bisectBatchOnError: bisects, maxRecordAgeSeconds } = STREAM_FAILURES;
    const failures = { retryAttempts, bisects, maxRecordAgeMs: maxRecordAgeSeconds * 1_000 };
    return new SimulatedStream({ ...settings, ...failures, onGivenUp }, this.#surroundings, host);
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

  /** The table as an index has it, or whoever reads what may lag behind. */
  #seen(what: string): MemoryTable {
    const isBehind = this.faults.at(`seen ${this.#ticks} ${what}`, ['indexLags'], what) !== undefined;
    return isBehind ? (this.#lagging ?? this.table) : this.table;
  }

  #send(pool: string, messages: readonly OutgoingMessage[]): void {
    const queue = this.queues.get(pool);
    if (queue === undefined) throw new FanjoinError('UNKNOWN_POOL', `There is no pool '${pool}'`);
    queue.send(messages);
    for (const body of this.unsettled) if (messages.some((message) => message.body === body)) this.#sentBack.add(body);
    if (this.#isWatched) this.watch.onSend(messages);
  }

  #onChange(record: ChangeRecord): void {
    if (!isSweepsOwn(record)) this.movedAtMs = this.loop.elapsedMs;
    this.transitions.onChange(record);
    if (this.#isWatched) this.watch.onChange(record);
    this.#options.onChange?.(record);
    this.stream.push(record);
    this.observerStream?.push(record);
  }
}

/** That the sweep came by moves no execution: it put one off, or noted how far it watched. */
const isSweepsOwn = ({ key, before, after }: ChangeRecord): boolean =>
  key.pk === START_WATCH_KEY.pk || (key.sk === 'META' && before !== undefined && before.changedBy === after?.changedBy);

const isPausedIn = (item: Item | undefined): boolean => item !== undefined && StateItem.parse(item).state.paused;
