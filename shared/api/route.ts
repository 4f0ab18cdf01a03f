import * as z from 'zod';
import type { ProblemCode } from './problems.ts';

/** One operation of the API, as data: what it takes and what it answers. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With parameters as API Gateway and OpenAPI write them: `/executions/{executionId}`. */
  readonly path: string;
  /** The group it is shown in. */
  readonly tag: 'workflows' | 'executions' | 'operations';
  /** One line: what it does. */
  readonly summary: string;
  /** What else is worth knowing, in Markdown. */
  readonly description?: string;
  /** The parameters in the path. What they name is looked up: nothing of them is checked here. */
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  /** `NO_BODY`: none is read. */
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
  /** The statuses of an answer, and what each says. */
  readonly statuses: Readonly<Record<number, string>>;
  /** Codes of its own, beside those that any route has. */
  readonly problems: readonly ProblemCode[];
}

export const NO_BODY = z.undefined();

/** Of a route that takes nothing. */
export const BARE = { params: z.object({}), query: z.strictObject({}), headers: z.object({}), body: NO_BODY };

/** What a route takes, parsed. */
export interface RequestOf<R extends Route> {
  readonly params: z.output<R['params']>;
  readonly query: z.output<R['query']>;
  readonly headers: z.output<R['headers']>;
  readonly body: z.output<R['body']>;
}

/** One of the route's statuses, and what is answered with it. */
export type AnswerOf<R extends Route> = readonly [status: keyof R['statuses'] & number, value: z.input<R['answer']>];

/** As API Gateway names it: `GET /executions/{executionId}`. */
export const routeKey = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;

const BODY_PROBLEMS: readonly ProblemCode[] = [
  'MALFORMED_JSON',
  'DUPLICATE_KEY',
  'NOT_JSON',
  'REQUEST_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];

/** The codes of all problems that a route may answer with, faults on this side left out. */
export const problemCodes = ({ body, problems }: Route): readonly ProblemCode[] => [
  'INVALID_INPUT',
  ...(body === NO_BODY ? [] : BODY_PROBLEMS),
  ...problems,
];
