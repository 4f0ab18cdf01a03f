import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type AnswerOf, NO_BODY, type RequestOf, type Route } from '../../shared/api/route.ts';
import { parseInput } from '../../shared/core/parse-input.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { parseBody } from './body.ts';

/** Answers a route's requests, once they are parsed. */
export type Answer<R extends Route> = (
  request: RequestOf<R>,
  event: APIGatewayProxyEventV2,
) => Promise<AnswerOf<R>> | AnswerOf<R>;

/** Parses a request as its route says, and has it answered. @throws {FanjoinError} what a problem document tells */
export async function serve<R extends Route>(
  route: R,
  answer: Answer<R>,
  event: APIGatewayProxyEventV2,
): Promise<readonly [status: number, value: unknown]> {
  const request: RequestOf<R> = {
    params: parseInput<R['params']>(route.params, event.pathParameters ?? {}, 'The path'),
    query: parseInput<R['query']>(route.query, nested(event.queryStringParameters ?? {}), 'The query'),
    headers: parseInput<R['headers']>(route.headers, event.headers, 'A header'),
    body: bodyOf(route, event),
  };
  return answer(request, event);
}

function bodyOf<R extends Route>(
  route: R,
  { body, isBase64Encoded, headers }: APIGatewayProxyEventV2,
): RequestOf<R>['body'] {
  if (route.body === NO_BODY) return parseInput<R['body']>(route.body, undefined, 'The body');
  const value = parseBody({ text: body, isBase64Encoded, contentType: headers['content-type'] });
  if (value === undefined && !route.body.safeParse(undefined).success)
    throw new FanjoinError('MALFORMED_JSON', 'The request has no body; send a JSON object');
  return parseInput<R['body']>(route.body, value, 'The request');
}

/** `{ 'searchAttributes[customer]': 'c1' }` → `{ searchAttributes: { customer: 'c1' } }` */
function nested(parameters: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const query = new Map<string, unknown>();
  const groups = new Map<string, Map<string, unknown>>();
  for (const [key, value] of Object.entries(parameters)) {
    const [, group, name] = /^(\w+)\[((?!__proto__)[^[\]]+)\]$/.exec(key) ?? [];
    if (group === undefined || name === undefined) query.set(key, value);
    else groups.set(group, (groups.get(group) ?? new Map()).set(name, value));
  }
  for (const [group, values] of groups) query.set(group, Object.fromEntries(values));
  return Object.fromEntries(query);
}
