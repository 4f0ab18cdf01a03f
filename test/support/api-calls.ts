import { expect } from 'vitest';
import * as z from 'zod';
import { matchRoute } from '../../infra/local/http-routes.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { isProblemCode } from '../../shared/api/problems.ts';
import { problemCodes, type Route, routeKey } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { Problem } from '../../shared/model/problem.ts';
import { request } from './local-stack.ts';

const routes = Object.values<Route>(ROUTES).map((route) => ({ routeKey: routeKey(route), target: route }));

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Of a problem. */
  readonly code?: string;
  readonly problem?: Problem;
}

/** Calls an API and holds each answer to what the table of routes says: its status and shape, or its problem. */
export class ApiCalls {
  readonly #stack: LocalStack;
  /** Routes that were called. */
  readonly called = new Set<string>();
  /** Routes that answered with something other than a problem. */
  readonly answered = new Set<string>();

  constructor(stack: LocalStack) {
    this.#stack = stack;
  }

  get(path: string): Promise<ApiAnswer> {
    return this.call('GET', path);
  }

  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer> {
    return this.call('POST', path, body, headers);
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer> {
    const match = matchRoute(routes, method, path.split('?')[0] ?? '');
    if (match === undefined) throw new Error(`The table has no route for ${method} ${path}`);
    const answer = await request(this.#stack, method, path, body, headers);
    const { status } = answer;
    this.called.add(match.routeKey);
    if (status < 400) {
      expect(Object.keys(match.target.statuses), `${match.routeKey} answered ${status}`).toContain(String(status));
      expect(answer.type).toBe('application/json');
      this.answered.add(match.routeKey);
      return { status, body: match.target.answer.parse(answer.body) };
    }
    const problem = Problem.parse(answer.body);
    const code = problem.title;
    expect(answer.type).toBe('application/problem+json');
    expect(problem.status).toBe(status);
    expect(isProblemCode(code) && problemCodes(match.target), `${match.routeKey} answered ${code}`).toContain(code);
    return { status, body: answer.body, code, problem };
  }
}

const Id = z.object({ executionId: z.string() });

/** The execution that an answer names. */
export const idIn = ({ body }: ApiAnswer): string => Id.parse(body).executionId;

/** A workflow that gives `output`, its input by default, and runs anywhere. */
export const giving = (name: string, output: Json = '{% $input %}'): DefinitionInput => ({
  name,
  nodes: { only: { type: 'transform', output } },
});
