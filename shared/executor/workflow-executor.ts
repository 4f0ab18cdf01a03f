import { type LocalSecrets, localSecrets } from '../adapters/local/local-secrets.ts';
import { systemClock } from '../adapters/local/system-clock.ts';
import { toJson } from '../core/json.ts';
import { zodIssues } from '../core/zod-issues.ts';
import { InvalidInputError } from '../errors.ts';
import { type Advance, ExecutionConfigInput } from '../model/config.ts';
import type { DefinitionInput } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import { Pools } from '../model/pools.ts';
import type { VersionName } from '../model/version.ts';
import type { AnyHandler } from '../nodes/define-node.ts';
import type { Workflow } from '../nodes/define-workflow.ts';
import { HandlerRegistry } from '../nodes/handler-registry.ts';
import { Callbacks } from '../observability/callbacks.ts';
import type { EventsPage, ExecutionEvent } from '../observability/execution-event.ts';
import { Logger, type LogLevel } from '../observability/logger.ts';
import type { WorkflowMetrics } from '../observability/tally.ts';
import type { Clock } from '../ports/clock.ts';
import type { SpanExport } from '../tracing/span-export.ts';
import { exportBy, type TracingOptions } from '../tracing/tracing-options.ts';
import type { AuthorizationOptions } from './authorization.ts';
import type { CheckpointDetail, CheckpointView } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { ExecutionDescription, ResultsPage } from './description.ts';
import { EndpointCallbacks } from './endpoint-callbacks.ts';
import { type ExecutionResult, loadResult } from './execution-result.ts';
import type {
  Executions,
  HistoryOptions,
  RedriveOptions,
  ResultsOptions,
  StartInput,
  TimeRange,
} from './executions.ts';
import { type FollowOptions, followEvents } from './follow-events.ts';
import { HttpExecutions } from './http-executions.ts';
import type { ExecutionsPage, ListOptions } from './listing.ts';
import { LocalEngine, type LocalEngineOptions } from './local-engine.ts';
import { WorkflowContext } from './workflow-context.ts';
import type { PublishedVersion, Workflows } from './workflows.ts';

export interface WorkflowExecutorOptions extends AuthorizationOptions {
  /** For executions whose workflow or start says nothing else. */
  readonly config?: ExecutionConfigInput;
  /** Handlers that definitions name. Those of `defineWorkflow` workflows need not be listed. Local only. */
  readonly handlers?: Iterable<AnyHandler>;
  /** Named pools beside `default`, which has no bound of its own. Local only: on AWS the stack says what pools there are. */
  readonly pools?: Pools;
  /**
   * Local only: the secrets that workflows refer to, as values by name or as whoever knows them. Asked once in five
   * minutes for each. Default: the environment's `FANJOIN_SECRET_<NAME>`, the name in capitals with `_` for `-`.
   */
  readonly secrets?: LocalSecrets;
  /** Local only: the SQLite file, made if it is not there. Default `:memory:`, which a crash does not survive. */
  readonly database?: string;
  /**
   * The API of a deployed or locally run stack; without it, workflows run in this process. Requests to an API of API
   * Gateway are signed, with the credentials the AWS SDK finds or with `credentials`; to another host where
   * `credentials` or a `region` are given, or the environment names both.
   */
  readonly endpoint?: string;
  /**
   * Local only: how long executions are kept after their end, with their results and history; none may have a longer timeout.
   * On AWS the stack says (`executionRetention`). Default: they are kept.
   */
  readonly executionRetentionSeconds?: number;
  /** How executions started here advance; local only. Default `eager`. */
  readonly advance?: Advance;
  /** Lines below it are not logged. Default `warn`. */
  readonly logLevel?: LogLevel;
  /** Who gets the spans of executions with `traceExecution`. Local only: on AWS the stack exports them. Default nobody. */
  readonly tracing?: TracingOptions;
  /** Default: real time. */
  readonly clock?: Clock;
  /** In [0, 1), for jitter. Default `Math.random`. */
  readonly random?: () => number;
}

/** What one execution is started with, beside its workflow and input. */
export interface StartOptions {
  /** Goes before the workflow's config and the executor's. */
  readonly config?: ExecutionConfigInput;
  /**
   * A read-only snapshot every node can read: `$globals` in expressions, `context.globals` in handlers. May hold
   * `secret('name')`: handlers find the value there.
   */
  readonly globals?: Readonly<Record<string, Json>>;
  /** Chosen, a start can be repeated: the same request finds the same execution. Default: a new, time-ordered id. */
  readonly executionId?: string;
  /** Of a workflow that is started by its name: `latest` (the default), a number, an alias, or a hash. */
  readonly version?: VersionName;
  /** Kept with the execution, for your own use. */
  readonly tags?: Readonly<Record<string, string>>;
  /** What `list` finds the execution by: at most three, `{ customer: 'c1' }`. On AWS each costs two small writes. */
  readonly searchAttributes?: Readonly<Record<string, string>>;
}

/** Results an executor remembers. */
const REMEMBERED = 100;
/** `execute` waits so long for callbacks about its execution that have not settled; `close` a little longer. */
const CALLBACKS_MS = 1_000;
/** And so long for an exporter that has not taken all spans. */
const SPANS_MS = 1_000;
/** And so long for events that an endpoint has not told yet. */
const EVENTS_MS = 5_000;

/** A `defineWorkflow` workflow, or a definition as JSON whose handlers are registered. */
export type Runnable<Input, Output> = Workflow<Input, Output> | DefinitionInput;

/**
 * Runs workflows: in this process over a SQLite file, or, with `endpoint`, on AWS. Same methods, same results.
 *
 * @example
 * await using executor = new WorkflowExecutor({ database: 'orders.db' });
 * const result = await executor.execute(greeting, { name: 'Ada' });
 */
export class WorkflowExecutor implements AsyncDisposable {
  /** Who hears of executions: those this executor runs or, with `endpoint`, those it has started since. */
  readonly callbacks: Callbacks;
  readonly #executions: Executions;
  readonly #endpointCallbacks: EndpointCallbacks | undefined;
  readonly #handlers: HandlerRegistry;
  readonly #spans: SpanExport | undefined;
  readonly #clock: Clock;
  readonly #history: ExecutionResult[] = [];

  /**
   * @param openLocal opens what runs workflows in this process; for test kits. Default: a `LocalEngine`
   * @throws {DatabaseError | InvalidInputError} the file cannot serve, the config is not valid
   */
  constructor(
    options: WorkflowExecutorOptions = {},
    openLocal: (options: LocalEngineOptions) => Executions = (local) => new LocalEngine(local),
  ) {
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    const config = parseConfig(options.config ?? {});
    const logger = new Logger({ level: options.logLevel ?? 'warn' });
    this.#handlers = new HandlerRegistry(options.handlers);
    this.callbacks = new Callbacks({ clock, logger });
    this.#spans = options.tracing && exportBy(options.tracing, { clock, logger });
    this.#executions =
      options.endpoint === undefined
        ? openLocal({
            database: options.database ?? ':memory:',
            config,
            handlers: this.#handlers,
            pools: parsePools(options.pools ?? {}),
            clock,
            logger,
            secrets: localSecrets(options.secrets, process.env),
            random: options.random ?? Math.random,
            callbacks: this.callbacks,
            ...(this.#spans !== undefined && { spans: this.#spans }),
            ...(options.advance !== undefined && { advance: options.advance }),
            retentionMs: retentionOf(options),
          })
        : new HttpExecutions({ ...options, endpoint: options.endpoint, config, clock });
    this.#endpointCallbacks =
      options.endpoint === undefined
        ? undefined
        : new EndpointCallbacks({ executions: this.#executions, callbacks: this.callbacks, clock, logger });
  }

  /** The last 100 results of executions this executor started, oldest first; of each the latest that was waited for. */
  get executionHistory(): readonly ExecutionResult[] {
    return [...this.#history];
  }

  /**
   * Executions in the database, or behind the endpoint, latest start first.
   * @throws {InvalidInputError}
   */
  list(options?: ListOptions): Promise<ExecutionsPage> {
    return this.#executions.list(options);
  }

  /** How many executions of a workflow ended, how, and how long they and their nodes took. */
  metrics(workflow: string, range?: TimeRange): Promise<WorkflowMetrics> {
    return this.#executions.metrics(workflow, range);
  }

  /** The workflows there are in the database, or behind the endpoint: their versions, and aliases for them. */
  get workflows(): Workflows {
    return this.#executions.workflows;
  }

  /** What the queues of a stack gave up: to be looked at, and tried again. Without an endpoint there is never any. */
  get deadLetters(): DeadLetters {
    return this.#executions.deadLetters;
  }

  /**
   * Makes a workflow the latest version of its name, and so to be started by it: `execute('orders', input)`. Repeated, it
   * changes nothing.
   * @throws {InvalidDefinitionError | FanjoinError} nothing was published
   */
  publish<Input>(workflow: Runnable<Input, unknown>): Promise<PublishedVersion> {
    return this.workflows.publish(this.#definitionOf(workflow));
  }

  /** Runs a workflow to its end, or to a pause. Does not throw for an execution that fails: see `success` and `error`. */
  async execute<Input, Output>(
    workflow: Runnable<Input, Output> | string,
    input: Input,
    options?: StartOptions | WorkflowContext,
  ): Promise<ExecutionResult<Output>> {
    const handle = await this.start(workflow, input, options);
    const result = await handle.result();
    if (!result.paused) await this.#endpointCallbacks?.told(handle.executionId, EVENTS_MS);
    await this.callbacks.settled(CALLBACKS_MS, handle.executionId);
    await this.#spans?.flush(SPANS_MS);
    return result;
  }

  /**
   * Starts a workflow and returns at once.
   * @throws {InvalidInputError | InvalidDefinitionError | ExecutionExistsError | FanjoinError} nothing was started
   */
  async start<Input, Output>(
    workflow: Runnable<Input, Output> | string,
    input: Input,
    options: StartOptions | WorkflowContext = {},
  ): Promise<ExecutionHandle<Output>> {
    const { what, json } = await this.#prepare(workflow, input);
    const { executionId } = await this.#executions.start({ ...startOptions(options), ...what, input: json });
    this.#endpointCallbacks?.follow(executionId, json);
    return new ExecutionHandle<Output>(this.#executions, executionId, this.#clock, (result) => this.#remember(result));
  }

  /** An execution that was started before, here or elsewhere. Whether it exists shows on use. */
  get(executionId: string): ExecutionHandle {
    return new ExecutionHandle(this.#executions, executionId, this.#clock);
  }

  /** What had ended at a checkpoint, what was under way, and what resuming it would do. @throws {CheckpointNotFoundError} */
  checkpoint(checkpointId: string): Promise<CheckpointDetail> {
    return this.#executions.checkpoint(checkpointId);
  }

  /**
   * Goes on from a checkpoint: the execution itself if it is still paused there, else a new one from that cut.
   * @throws {CheckpointNotFoundError}
   */
  async resumeCheckpoint(checkpointId: string): Promise<ExecutionHandle> {
    const { executionId } = await this.#executions.resumeCheckpoint(checkpointId);
    return new ExecutionHandle(this.#executions, executionId, this.#clock, (result) => this.#remember(result));
  }

  /** Stops taking work and releases the file. Executions that are not done stay as they are, to be resumed. */
  async close(): Promise<void> {
    await this.#endpointCallbacks?.close();
    await this.#executions.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #remember(result: ExecutionResult): void {
    const at = this.#history.findIndex(({ executionId }) => executionId === result.executionId);
    if (at >= 0) this.#history.splice(at, 1);
    this.#history.push(result);
    if (this.#history.length > REMEMBERED) this.#history.shift();
  }

  async #prepare<Input>(
    workflow: Runnable<Input, unknown> | string,
    input: Input,
  ): Promise<{ what: Pick<StartInput, 'definition' | 'workflow'>; json: Json }> {
    const json = toJson(input, 'The input');
    if (typeof workflow === 'string') return { what: { workflow }, json };
    const what = { definition: this.#definitionOf(workflow) };
    if (!isWorkflow(workflow)) return { what, json };
    const checked = await workflow.input?.safeParseAsync(json);
    if (checked?.success === false)
      throw new InvalidInputError(`The input of '${workflow.definition.name}'`, zodIssues(checked.error));
    return { what, json: checked === undefined ? json : toJson(checked.data, 'The input') };
  }

  /** What can run by this definition from now on has its handlers registered. */
  #definitionOf<Input>(workflow: Runnable<Input, unknown>): unknown {
    if (!isWorkflow(workflow)) return workflow;
    for (const handler of workflow.handlers) this.#handlers.register(handler);
    return workflow.definition;
  }
}

const isWorkflow = <Input, Output>(workflow: Runnable<Input, Output>): workflow is Workflow<Input, Output> =>
  typeof workflow === 'object' && workflow !== null && 'definition' in workflow;

const startOptions = (options: StartOptions | WorkflowContext): StartOptions =>
  options instanceof WorkflowContext
    ? { globals: options.globals, ...(options.id !== undefined && { executionId: options.id }) }
    : options;

function parseConfig(config: ExecutionConfigInput): ExecutionConfigInput {
  const parsed = ExecutionConfigInput.safeParse(config);
  if (!parsed.success) throw new InvalidInputError('The execution config', zodIssues(parsed.error));
  return config;
}

function retentionOf({ executionRetentionSeconds: seconds }: WorkflowExecutorOptions): number | undefined {
  if (seconds === undefined || (Number.isFinite(seconds) && seconds > 0)) return seconds && seconds * 1_000;
  const message = `must be more than 0, and is ${seconds}`;
  throw new InvalidInputError('The executor', [{ path: 'executionRetentionSeconds', code: 'INVALID_VALUE', message }]);
}

function parsePools(pools: Pools): Pools {
  const parsed = Pools.safeParse(pools);
  if (!parsed.success) throw new InvalidInputError('The configuration of pools', zodIssues(parsed.error));
  return parsed.data;
}

/** One execution, to watch and to control. */
export class ExecutionHandle<Output = unknown> {
  readonly executionId: string;
  readonly #executions: Executions;
  readonly #clock: Clock;
  readonly #onResult: (result: ExecutionResult) => void;

  /** @param onResult hears of each result that is read */
  constructor(
    executions: Executions,
    executionId: string,
    clock: Clock,
    onResult: (result: ExecutionResult) => void = () => undefined,
  ) {
    this.#executions = executions;
    this.#clock = clock;
    this.#onResult = onResult;
    this.executionId = executionId;
  }

  describe(): Promise<ExecutionDescription> {
    return this.#executions.describe(this.executionId);
  }

  /** Waits for the end, or for a pause at which nothing runs any more. */
  async result(): Promise<ExecutionResult<Output>> {
    await this.#executions.untilAtRest(this.executionId);
    const result = await loadResult(this.#executions, this.executionId, this.#clock.nowMs());
    this.#onResult(result);
    // The workflow's types say what its output is; at run time its handlers' schemas have checked it.
    return result as ExecutionResult<Output>;
  }

  /** Ended visits, by node id, in pages. */
  results(options?: ResultsOptions): Promise<ResultsPage> {
    return this.#executions.results(this.executionId, options);
  }

  /** What happened so far, in order, in pages. */
  history(options?: HistoryOptions): Promise<EventsPage> {
    return this.#executions.history(this.executionId, options);
  }

  /** What happened and happens, in order, each event once, until the end. */
  events(options?: FollowOptions): AsyncGenerator<ExecutionEvent, void, undefined> {
    return followEvents(this.#executions, this.executionId, options);
  }

  /** Running handlers see their signal abort; the execution ends `CANCELLED` with what stands. @throws {InvalidStateError} */
  cancel(): Promise<void> {
    return this.#executions.cancel(this.executionId);
  }

  /**
   * Running nodes finish, no new one starts.
   * @param options `before`: only when this node would start
   * @throws {InvalidStateError | InvalidInputError}
   */
  pause(options?: { before?: string }): Promise<void> {
    return this.#executions.pause(this.executionId, options);
  }

  /** Its checkpoints, oldest first. */
  checkpoints(): Promise<CheckpointView[]> {
    return this.#executions.checkpoints(this.executionId);
  }

  /**
   * Runs an execution that failed, timed out or was cancelled on from there; what succeeded stays.
   * @param options `handlers: 'latest'`: one that was pinned goes on by the handlers there are now, and is pinned no more
   * @throws {InvalidStateError | FanjoinError} `HANDLERS_VERSION_GONE`: locally, it is pinned to other handlers than these
   */
  redrive(options?: RedriveOptions): Promise<void> {
    return this.#executions.redrive(this.executionId, options);
  }

  /** Goes on after a pause, and locally after a crash. @throws {InvalidStateError} */
  resume(): Promise<void> {
    return this.#executions.resume(this.executionId);
  }
}
