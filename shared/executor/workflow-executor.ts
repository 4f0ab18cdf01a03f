import { localSecrets } from '../adapters/local/local-secrets.ts';
import { systemClock } from '../adapters/local/system-clock.ts';
import { toJson } from '../core/json.ts';
import { zodIssues } from '../core/zod-issues.ts';
import { InvalidInputError } from '../errors.ts';
import type { DefinitionInput } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import type { Workflow } from '../nodes/define-workflow.ts';
import { HandlerRegistry } from '../nodes/handler-registry.ts';
import { Callbacks } from '../observability/callbacks.ts';
import { Logger } from '../observability/logger.ts';
import type { WorkflowMetrics } from '../observability/tally.ts';
import type { Clock } from '../ports/clock.ts';
import type { SpanExport } from '../tracing/span-export.ts';
import { exportBy } from '../tracing/tracing-options.ts';
import type { CheckpointDetail } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import { EndpointCallbacks } from './endpoint-callbacks.ts';
import { ExecutionHandle } from './execution-handle.ts';
import type { ExecutionResult } from './execution-result.ts';
import type { Executions, StartInput, TimeRange } from './executions.ts';
import {
  parseConfig,
  parsePools,
  retentionOf,
  type StartOptions,
  startOptions,
  type WorkflowExecutorOptions,
} from './executor-options.ts';
import { HttpExecutions } from './http-executions.ts';
import type { ExecutionsPage, ListOptions } from './listing.ts';
import { LocalEngine } from './local-engine.ts';
import type { LocalEngineOptions } from './local-engine-options.ts';
import type { WorkflowContext } from './workflow-context.ts';
import type { PublishedVersion, Workflows } from './workflows.ts';

export type { StartOptions, WorkflowExecutorOptions } from './executor-options.ts';

export { ExecutionHandle };

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
