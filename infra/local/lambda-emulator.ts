import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import type { PublishedVersions } from './published-versions.ts';

/**
 * As much of Lambda's own API as functions and operators call: `Invoke` and `DeleteFunction` of a published version, by its
 * ARN, for nobody but this machine.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function startLambda(versions: PublishedVersions): Promise<LoopbackServer> {
  return startLoopbackServer((request, response) => {
    answer(request, response, versions).catch(() => response.destroy());
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, versions: PublishedVersions): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const [, name = '', operation] = /^\/2015-03-31\/functions\/([^/]+)(\/invocations)?$/.exec(pathname) ?? [];
  const arn = decodeURIComponent(name);
  if (request.method === 'DELETE' && operation === undefined)
    return (await versions.delete(arn)) ? say(response, 204) : sayMissing(response, arn);
  if (request.method !== 'POST' || operation === undefined)
    return sayError(
      response,
      400,
      'InvalidRequestContentException',
      `${request.method} ${pathname} is not done locally`,
    );
  const version = versions.find(arn);
  const event = await text(request);
  if (version === undefined) return sayMissing(response, arn);
  const outcome = await version.invoke(JSON.parse(event));
  if (outcome.ok) return say(response, 200, outcome.result);
  say(response, 200, { errorMessage: outcome.reason }, { 'x-amz-function-error': 'Unhandled' });
}

const sayMissing = (response: ServerResponse, arn: string): void =>
  sayError(response, 404, 'ResourceNotFoundException', `Function not found: ${arn}`);

const sayError = (response: ServerResponse, status: number, code: string, message: string): void =>
  say(response, status, { Type: 'User', Message: message }, { 'x-amzn-errortype': code });

function say(
  response: ServerResponse,
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
