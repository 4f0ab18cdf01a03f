import { ulid } from 'ulid';
import * as z from 'zod';
import { compile } from '../core/compile.ts';
import { describeCause, FanjoinError } from '../errors.ts';
import type { ExecutionConfigInput } from '../model/config.ts';
import { Definition } from '../model/definition.ts';
import { Problem } from '../model/problem.ts';
import { BilledOperations } from '../observability/billed-operations.ts';
import { EventsPage } from '../observability/execution-event.ts';
import { WorkflowMetrics } from '../observability/tally.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import { activeSpanHeaders } from '../tracing/active-span.ts';
import { CheckpointDetail, CheckpointView } from './checkpoints.ts';
import { ExecutionDescription, ExecutionOutcome, ResultsPage } from './description.ts';
import type { Executions, ResultsOptions, StartInput, TimeRange, WaitOptions } from './executions.ts';
import { MAX_WAIT_SECONDS } from './follow-events.ts';
import { ExecutionsPage, type ListOptions } from './listing.ts';
import { errorOf } from './problem-error.ts';

/** While waiting: the first look comes soon, later ones at most so far apart. */
const FIRST_POLL_MS = 50;
const LAST_POLL_MS = 1_000;
const MAX_TRIES = 5;
const REQUEST_TIMEOUT_MS = 30_000;

/** The endpoint did not answer, or not with what its API says. */
export class EndpointError extends FanjoinError {
  override readonly name = 'EndpointError';
  constructor(endpoint: string, problem: string, cause?: unknown) {
    super('ENDPOINT_FAILED', `${endpoint} ${problem}`, { retryable: true, cause });
  }
}

/** Executions behind the HTTP API of a stack, deployed or local. */
export class HttpExecutions implements Executions {
  readonly #endpoint: string;
  readonly #config: ExecutionConfigInput;
  readonly #clock: Clock;

  /** @param endpoint the API's URL, as the stack prints it */
  constructor({ endpoint, config, clock }: { endpoint: string; config: ExecutionConfigInput; clock: Clock }) {
    if (!URL.canParse(endpoint))
      throw new FanjoinError(
        'INVALID_INPUT',
        `The endpoint is no URL: '${endpoint}'. It looks like https://abc123.execute-api.eu-west-1.amazonaws.com`,
      );
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#config = config;
    this.#clock = clock;
  }

  /** Chooses the id itself, so that a request whose answer was lost can be repeated. */
  async start(request: StartInput): Promise<{ executionId: string }> {
    const { definition } = compile(request.definition);
    const executionId = request.executionId ?? ulid(this.#clock.nowMs());
    const config = { ...this.#config, ...definition.config, ...request.config };
    return this.#request('POST', '/executions', z.object({ executionId: z.string() }), {
      ...request,
      definition,
      executionId,
      config,
    });
  }

  describe(executionId: string): Promise<ExecutionDescription> {
    return this.#request('GET', this.#path(executionId), ExecutionDescription);
  }

  outcome(executionId: string): Promise<ExecutionOutcome> {
    return this.#request('GET', `${this.#path(executionId)}/outcome`, ExecutionOutcome);
  }

  results(executionId: string, options: ResultsOptions = {}): Promise<ResultsPage> {
    const query = new URLSearchParams({
      ...(options.after !== undefined && { after: options.after }),
      ...(options.limit !== undefined && { limit: String(options.limit) }),
      ...(options.withOutputs !== undefined && { outputs: String(options.withOutputs) }),
    });
    return this.#request('GET', `${this.#path(executionId)}/results?${query}`, ResultsPage);
  }

  async history(executionId: string, { after, limit, waitMs = 0, signal }: WaitOptions = {}): Promise<EventsPage> {
    const query = queryOf({ after, limit, waitSeconds: Math.min(MAX_WAIT_SECONDS, Math.ceil(waitMs / 1_000)) });
    try {
      return await this.#request('GET', `${this.#path(executionId)}/events?${query}`, EventsPage, undefined, signal);
    } catch (error) {
      if (signal?.aborted === true) return { events: [], isOver: false };
      throw error;
    }
  }

  list({ workflow, status, fromMs, limit, after }: ListOptions = {}): Promise<ExecutionsPage> {
    return this.#request('GET', `/executions?${queryOf({ workflow, status, fromMs, limit, after })}`, ExecutionsPage);
  }

  metrics(workflow: string, { fromMs, toMs }: TimeRange = {}): Promise<WorkflowMetrics> {
    const path = `/workflows/${encodeURIComponent(workflow)}/metrics`;
    return this.#request('GET', `${path}?${queryOf({ fromMs, toMs })}`, WorkflowMetrics);
  }

  definition(executionId: string): Promise<Definition> {
    return this.#request('GET', `${this.#path(executionId)}/definition`, Definition);
  }

  billedOperations(executionId: string): Promise<BilledOperations> {
    return this.#request('GET', `${this.#path(executionId)}/billed-operations`, BilledOperations);
  }

  async cancel(executionId: string): Promise<void> {
    await this.#request('POST', `${this.#path(executionId)}/cancel`, z.unknown());
  }

  async pause(executionId: string, options: { before?: string } = {}): Promise<void> {
    await this.#request('POST', `${this.#path(executionId)}/pause`, z.unknown(), options);
  }

  async resume(executionId: string): Promise<void> {
    await this.#request('POST', `${this.#path(executionId)}/resume`, z.unknown());
  }

  checkpoints(executionId: string): Promise<CheckpointView[]> {
    return this.#request('GET', `${this.#path(executionId)}/checkpoints`, z.array(CheckpointView));
  }

  checkpoint(checkpointId: string): Promise<CheckpointDetail> {
    return this.#request('GET', `/checkpoints/${encodeURIComponent(checkpointId)}`, CheckpointDetail);
  }

  /** Chooses the id of a new execution itself, so that the request can be repeated. */
  resumeCheckpoint(checkpointId: string): Promise<{ executionId: string }> {
    const path = `/checkpoints/${encodeURIComponent(checkpointId)}/resume`;
    const executionId = ulid(this.#clock.nowMs());
    return this.#request('POST', path, z.object({ executionId: z.string() }), { executionId });
  }

  async redrive(executionId: string): Promise<void> {
    await this.#request('POST', `${this.#path(executionId)}/redrive`, z.unknown());
  }

  async untilAtRest(executionId: string, signal?: AbortSignal): Promise<void> {
    for (let pollMs = FIRST_POLL_MS; !signal?.aborted; pollMs = Math.min(pollMs * 1.5, LAST_POLL_MS)) {
      if ((await this.describe(executionId)).isAtRest) return;
      await sleep(this.#clock, pollMs, signal);
    }
  }

  async close(): Promise<void> {}

  #path(executionId: string): string {
    return `/executions/${encodeURIComponent(executionId)}`;
  }

  /** Repeats what a fault on the way or on the other side may have lost; every request here may come twice. */
  async #request<T>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const response = await fetch(`${this.#endpoint}${path}`, {
          method,
          signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
          headers: {
            ...(await activeSpanHeaders()),
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        if (response.status >= 500)
          throw new EndpointError(
            this.#endpoint,
            `answered ${response.status} to ${method} ${path}: ${text.slice(0, 300)}`,
          );
        if (!response.ok) throw toError(this.#endpoint, path, response.status, text);
        return schema.parse(JSON.parse(text));
      } catch (error) {
        if (signal?.aborted === true || (error instanceof FanjoinError && !error.retryable)) throw error;
        if (tries >= MAX_TRIES)
          throw error instanceof EndpointError
            ? error
            : new EndpointError(this.#endpoint, `did not answer ${method} ${path}: ${describeCause(error)}`, error);
        await sleep(this.#clock, 100 * 2 ** tries, signal);
      }
    }
  }
}

/** A query string of what is given. */
function queryOf(values: Readonly<Record<string, string | number | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query;
}

function toError(endpoint: string, path: string, status: number, text: string): FanjoinError {
  const problem = Problem.safeParse(parseJson(text));
  return problem.success
    ? errorOf(problem.data)
    : new FanjoinError('ENDPOINT_REFUSED', `${endpoint} answered ${status} to ${path}: ${text.slice(0, 300)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
