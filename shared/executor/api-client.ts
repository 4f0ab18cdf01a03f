import type * as z from 'zod';
import type { Route } from '../api/route.ts';
import { describeCause, FanjoinError } from '../errors.ts';
import { Problem } from '../model/problem.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import { activeSpanHeaders } from '../tracing/active-span.ts';
import { errorOf } from './problem-error.ts';

const MAX_TRIES = 5;
const REQUEST_TIMEOUT_MS = 30_000;

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

/** Calls the routes of a stack's API, deployed or local. */
export class ApiClient {
  readonly #endpoint: string;
  readonly #clock: Clock;

  /**
   * @param endpoint the API's URL, as the stack prints it
   * @throws {FanjoinError} `INVALID_INPUT`: it is no URL
   */
  constructor({ endpoint, clock }: { endpoint: string; clock: Clock }) {
    if (!URL.canParse(endpoint))
      throw new FanjoinError(
        'INVALID_INPUT',
        `The endpoint is no URL: '${endpoint}'. It looks like https://abc123.execute-api.eu-west-1.amazonaws.com`,
      );
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#clock = clock;
  }

  /**
   * Repeats what a fault on the way or on the other side may have lost: every request of this API may come twice.
   *
   * @throws {FanjoinError} what the other side threw, or that it could not be reached
   */
  async call<R extends Route>(route: R, call: ApiCall<R> = {}): Promise<z.output<R['answer']>> {
    const { signal } = call;
    for (let tries = 1; ; tries++) {
      try {
        const answer: unknown = await this.#send(route, call);
        return parsed<R['answer']>(route.answer, answer);
      } catch (error) {
        if (signal?.aborted === true || (error instanceof FanjoinError && !error.retryable)) throw error;
        if (tries >= MAX_TRIES)
          throw error instanceof EndpointError
            ? error
            : new EndpointError(this.#endpoint, `did not answer ${nameOf(route)}: ${describeCause(error)}`, error);
        await sleep(this.#clock, 100 * 2 ** tries, signal);
      }
    }
  }

  async #send<R extends Route>(route: R, { params, query, body, signal }: ApiCall<R>): Promise<unknown> {
    const url = new URL(this.#endpoint + pathOf(route.path, { ...params }));
    url.search = queryOf({ ...query }).toString();
    const response = await fetch(url, {
      method: route.method,
      signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
      headers: {
        ...(await activeSpanHeaders()),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
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

/** `{ searchAttributes: { customer: 'c1' } }` → `searchAttributes[customer]=c1` */
function queryOf(values: Readonly<Record<string, unknown>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (typeof value !== 'object' || value === null) query.set(name, String(value));
    else for (const [key, member] of Object.entries(value)) query.set(`${name}[${key}]`, String(member));
  }
  return query;
}

function toError(endpoint: string, route: string, status: number, text: string): FanjoinError {
  const problem = Problem.safeParse(parseJson(text));
  return problem.success
    ? errorOf(problem.data)
    : new FanjoinError('ENDPOINT_REFUSED', `${endpoint} answered ${status} to ${route}: ${text.slice(0, 300)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
