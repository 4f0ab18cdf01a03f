import { ROUTES } from '../api/routes.ts';
import type { BilledOperations } from '../billing/billed-operations.ts';
import { compile } from '../core/compile.ts';
import type { ExecutionConfigInput } from '../model/config.ts';
import type { Definition } from '../model/definition.ts';
import type { EventsPage } from '../observability/execution-event.ts';
import type { WorkflowMetrics } from '../observability/tally.ts';
import type { Clock } from '../ports/clock.ts';
import { ApiClient, type ApiClientOptions } from './api-client.ts';
import type { CheckpointDetail, CheckpointView } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { ExecutionDescription, ExecutionOutcome, ResultsPage } from './description.ts';
import type { Executions, RedriveOptions, ResultsOptions, StartInput, TimeRange, WaitOptions } from './executions.ts';
import { fetchOutcome, fetchResults } from './fetch-values.ts';
import { MAX_WAIT_SECONDS } from './follow-events.ts';
import { HttpWorkflows } from './http-workflows.ts';
import type { ExecutionsPage, ListOptions } from './listing.ts';
import { newId } from './new-id.ts';
import { untilAtRest } from './until-at-rest.ts';
import type { Workflows } from './workflows.ts';

/** While waiting: the first look comes soon, later ones at most so far apart. */
const FIRST_POLL_MS = 50;
const LAST_POLL_MS = 1_000;

export interface HttpExecutionsOptions extends ApiClientOptions {
  readonly config: ExecutionConfigInput;
}

/** Executions behind the HTTP API of a stack, deployed or local. */
export class HttpExecutions implements Executions {
  readonly workflows: Workflows;
  readonly deadLetters: DeadLetters;
  readonly #api: ApiClient;
  readonly #config: ExecutionConfigInput;
  readonly #clock: Clock;

  /** @throws {FanjoinError} `INVALID_INPUT`: the endpoint is no URL */
  constructor({ config, ...options }: HttpExecutionsOptions) {
    this.#api = new ApiClient(options);
    this.workflows = new HttpWorkflows(this.#api);
    this.deadLetters = {
      list: (query = {}) => this.#api.call(ROUTES.listDeadLetters, { query }),
      redrive: (pool, limits = {}) => this.#api.call(ROUTES.redriveDeadLetters, { body: { pool, ...limits } }),
      redriveRecords: (limits = {}) => this.#api.call(ROUTES.redriveDeadRecords, { body: limits }),
      redriveEvents: (limits = {}) => this.#api.call(ROUTES.redriveDeadEvents, { body: limits }),
    };
    this.#config = config;
    this.#clock = options.clock;
  }

  /** Chooses the id itself, so that a request whose answer was lost can be repeated. */
  async start(request: StartInput): Promise<{ executionId: string }> {
    const executionId = request.executionId ?? newId(this.#clock.nowMs());
    return this.#api.call(ROUTES.startExecution, { body: { ...request, ...this.#whatToStart(request), executionId } });
  }

  /** The executor's config goes after the workflow's own: that of a published one is known on the other side only. */
  #whatToStart({ definition: source, config }: StartInput) {
    if (source === undefined)
      return { definition: undefined, ...(Object.keys(this.#config).length > 0 && { defaults: this.#config }) };
    const { definition } = compile(source);
    return { definition, config: { ...this.#config, ...definition.config, ...config } };
  }

  describe(executionId: string): Promise<ExecutionDescription> {
    return this.#api.call(ROUTES.describeExecution, { params: { executionId } });
  }

  async outcome(executionId: string): Promise<ExecutionOutcome> {
    return fetchOutcome(this.#api, executionId);
  }

  results(executionId: string, options: ResultsOptions = {}): Promise<ResultsPage> {
    return fetchResults(this.#api, executionId, options);
  }

  async history(executionId: string, { waitMs = 0, signal, ...page }: WaitOptions = {}): Promise<EventsPage> {
    const query = { ...page, waitSeconds: Math.min(MAX_WAIT_SECONDS, Math.ceil(waitMs / 1_000)) };
    try {
      return await this.#api.call(ROUTES.listEvents, { params: { executionId }, query, signal });
    } catch (error) {
      if (signal?.aborted === true) return { events: [], isOver: false };
      throw error;
    }
  }

  list(options: ListOptions = {}): Promise<ExecutionsPage> {
    return this.#api.call(ROUTES.listExecutions, { query: options });
  }

  metrics(workflow: string, range: TimeRange = {}): Promise<WorkflowMetrics> {
    return this.#api.call(ROUTES.getMetrics, { params: { workflow }, query: range });
  }

  definition(executionId: string): Promise<Definition> {
    return this.#api.call(ROUTES.getDefinition, { params: { executionId } });
  }

  billedOperations(executionId: string): Promise<BilledOperations> {
    return this.#api.call(ROUTES.getBilledOperations, { params: { executionId } });
  }

  async cancel(executionId: string): Promise<void> {
    await this.#api.call(ROUTES.cancelExecution, { params: { executionId } });
  }

  async pause(executionId: string, options: { before?: string } = {}): Promise<void> {
    await this.#api.call(ROUTES.pauseExecution, { params: { executionId }, body: options });
  }

  async resume(executionId: string): Promise<void> {
    await this.#api.call(ROUTES.resumeExecution, { params: { executionId } });
  }

  checkpoints(executionId: string): Promise<CheckpointView[]> {
    return this.#api.call(ROUTES.listCheckpoints, { params: { executionId } });
  }

  checkpoint(checkpointId: string): Promise<CheckpointDetail> {
    return this.#api.call(ROUTES.getCheckpoint, { params: { checkpointId } });
  }

  /** Chooses the id of a new execution itself, so that the request can be repeated. */
  resumeCheckpoint(checkpointId: string): Promise<{ executionId: string }> {
    const executionId = newId(this.#clock.nowMs());
    return this.#api.call(ROUTES.resumeCheckpoint, { params: { checkpointId }, body: { executionId } });
  }

  async redrive(executionId: string, options: RedriveOptions = {}): Promise<void> {
    await this.#api.call(ROUTES.redriveExecution, { params: { executionId }, body: options });
  }

  async untilAtRest(executionId: string, signal?: AbortSignal): Promise<void> {
    const polls = { clock: this.#clock, firstPollMs: FIRST_POLL_MS, lastPollMs: LAST_POLL_MS };
    await untilAtRest(() => this.describe(executionId), { ...polls, signal });
  }

  async close(): Promise<void> {}
}
