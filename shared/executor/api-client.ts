import type * as z from 'zod';
import type { Authorize } from '../adapters/aws/sign-requests.ts';
import type { Route } from '../api/route.ts';
import {
  CheckpointNotFoundError,
  describeCause,
  ExecutionNotFoundError,
  FanjoinError,
  InvalidInputError,
} from '../errors.ts';
import { Json } from '../model/json.ts';
import { Problem } from '../model/problem.ts';
import type { ValueLink } from '../model/value-link.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import { activeSpanHeaders } from '../tracing/active-span.ts';
import { type AuthorizationOptions, authorizationOf } from './authorization.ts';
import { errorOf } from './problem-error.ts';

const MAX_TRIES = 5;
const REQUEST_TIMEOUT_MS = 30_000;
/** 64 MB by a slow line. */
const VALUE_TIMEOUT_MS = 300_000;

/** The endpoint did not answer, or not with what its API says. */
export class EndpointError extends FanjoinError {
  override readonly name = 'EndpointError';
  constructor(endpoint: string, problem: string, cause?: unknown) {
    super('ENDPOINT_FAILED', `${endpoint} ${problem}`, { retryable: true, cause });
  }
}

type Given<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** What a call of a route sends. What is `undefined` is left out. */
export interface ApiCall<R extends Route> {
  readonly params?: z.input<R['params']>;
  readonly query?: Given<z.input<R['query']>>;
  readonly body?: z.input<R['body']>;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiClientOptions extends AuthorizationOptions {
  /** The API's URL, as the stack prints it. */
  readonly endpoint: string;
  readonly clock: Clock;
}

/** Calls the routes of a stack's API, deployed or local. */
export class ApiClient {
  readonly #endpoint: string;
  readonly #clock: Clock;
  readonly #authorize: Authorize | undefined;

  /** @throws {FanjoinError} `INVALID_INPUT`: the endpoint is no URL, or requests cannot be signed for it */
  constructor({ endpoint, clock, ...authorization }: ApiClientOptions) {
    if (!URL.canParse(endpoint))
      throw new FanjoinError(
        'INVALID_INPUT',
        `The endpoint is no URL: '${endpoint}'. It looks like https://abc123.execute-api.eu-west-1.amazonaws.com`,
      );
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#clock = clock;
    this.#authorize = authorizationOf(new URL(endpoint), authorization);
  }

  /**
   * Repeats what a fault on the way or on the other side may have lost: every request of this API may come twice.
   *
   * @throws {FanjoinError} what the other side threw, or that it could not be reached
   */
  async call<R extends Route>(route: R, call: ApiCall<R> = {}): Promise<z.output<R['answer']>> {
    assertNames({ ...call.params });
    return this.#repeating(nameOf(route), call.signal, async () =>
      parsed<R['answer']>(route.answer, await this.#send(route, call)),
    );
  }

  /**
   * Gets a value that was too large for an answer. The URL is asked as it is: whoever has it may.
   * @throws {FanjoinError} the link does not hold any more, or could not be followed
   */
  async fetchValue({ url }: ValueLink): Promise<Json> {
    const what = `GET ${url.replace(/\?.*/, '')}`;
    return this.#repeating(what, undefined, async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(VALUE_TIMEOUT_MS) });
      const text = await response.text();
      if (response.ok) return Json.parse(JSON.parse(text));
      const problem = `answered ${response.status} to ${what}: ${text.slice(0, 300)}`;
      if (response.status >= 500) throw new EndpointError(this.#endpoint, problem);
      throw new FanjoinError(
        'ENDPOINT_REFUSED',
        `${this.#endpoint} ${problem}. Links expire: ask for the outcome again`,
      );
    });
  }

  async #repeating<T>(what: string, signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await send();
      } catch (error) {
        if (signal?.aborted === true || (error instanceof FanjoinError && !error.retryable)) throw error;
        if (tries >= MAX_TRIES)
          throw error instanceof EndpointError
            ? error
            : new EndpointError(this.#endpoint, `did not answer ${what}: ${describeCause(error)}`, error);
        await sleep(this.#clock, 100 * 2 ** tries, signal);
      }
    }
  }

  async #send<R extends Route>(route: R, { params, query, body, signal }: ApiCall<R>): Promise<unknown> {
    const url = new URL(this.#endpoint + pathOf(route.path, { ...params }));
    url.search = queryOf({ ...query });
    const request = {
      method: route.method,
      url,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    // What tells of a trace is not signed: whoever instruments `fetch` adds to it.
    const headers = { ...(await activeSpanHeaders()), ...request.headers, ...(await this.#authorize?.(request)) };
    const response = await fetch(url, {
      method: request.method,
      headers,
      signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
      ...(request.body !== undefined && { body: request.body }),
    });
    const text = await response.text();
    if (response.status >= 500)
      throw new EndpointError(this.#endpoint, `answered ${response.status} to ${nameOf(route)}: ${text.slice(0, 300)}`);
    if (!response.ok) throw toError(this.#endpoint, nameOf(route), response.status, text);
    return JSON.parse(text);
  }
}

const parsed = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => schema.parse(value);

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

const pathOf = (path: string, params: Readonly<Record<string, unknown>>): string =>
  path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(params[name])));

/** Nothing has such a name, and a URL would lead elsewhere with it. */
const NO_NAMES: ReadonlySet<unknown> = new Set(['', '.', '..']);

function assertNames(params: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(params)) {
    if (!NO_NAMES.has(value)) continue;
    if (name === 'executionId') throw new ExecutionNotFoundError(String(value));
    if (name === 'checkpointId') throw new CheckpointNotFoundError(String(value));
    throw new InvalidInputError(`The ${name}`, [{ path: '', code: 'INVALID_FORMAT', message: `is '${value}'` }]);
  }
}

/** `{ searchAttributes: { customer: 'c 1' } }` → `searchAttributes%5Bcustomer%5D=c%201`: signatures know no `+`. */
function queryOf(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .flatMap(([name, value]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([key, member]) => [`${name}[${key}]`, member] as const)
        : [[name, value] as const],
    )
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
}

function toError(endpoint: string, route: string, status: number, text: string): FanjoinError {
  const problem = Problem.safeParse(parseJson(text));
  if (problem.success) return errorOf(problem.data);
  const answered = `${endpoint} answered ${status} to ${route}: ${text.slice(0, 300)}`;
  return status === 401 || status === 403
    ? new FanjoinError(
        'ENDPOINT_FORBIDDEN',
        `${answered}. It does not know who is calling, or does not let them: check the credentials, their region, the ` +
          'clock of this machine, and that they may `execute-api:Invoke` this API.',
      )
    : new FanjoinError('ENDPOINT_REFUSED', answered);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
