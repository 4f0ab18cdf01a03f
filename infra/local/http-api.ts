import type { IncomingMessage, ServerResponse } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod';
import { matchRoute, type Route } from './http-routes.ts';
import { MAX_INVOCATION_BYTES } from './lambda-limits.ts';
import type { InvocationOutcome, LocalFunction } from './local-function.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import { joinedHeaders, toProxyEvent } from './proxy-event.ts';
import { type Caller, verifySignature } from './verify-signature.ts';

/** What API Gateway takes of a request. */
const MAX_REQUEST_BYTES = 10_485_760;

export interface HttpApiOptions {
  readonly routes: readonly Route<LocalFunction>[];
  /** Whose requests are taken on routes with IAM's authorization. Default: nobody's. */
  readonly caller?: Caller;
  readonly log: (line: string) => void;
  /** Default: a free one. */
  readonly port?: number;
}

/** Serves an HTTP API on this machine, for nobody else, as API Gateway does. */
export class HttpApi {
  readonly url: string;
  readonly #server: LoopbackServer;

  private constructor(server: LoopbackServer) {
    this.#server = server;
    this.url = server.endpoint;
  }

  static async start(options: HttpApiOptions): Promise<HttpApi> {
    const { log, port } = options;
    const server = await startLoopbackServer((request, response) => {
      answer(request, response, options).catch((error: unknown) => {
        log(`request failed: ${error instanceof Error ? error.message : String(error)}`);
        response.destroy();
      });
    }, port);
    return new HttpApi(server);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, caller, log }: HttpApiOptions,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://localhost');
  const match = url === null ? undefined : matchRoute(routes, request.method ?? 'GET', url.pathname);
  if (url === null || match === undefined) {
    request.resume();
    return gatewayAnswer(response, 404, 'Not Found');
  }
  const body = await readBody(request);
  if (body === undefined) return gatewayAnswer(response, 413, 'Request Entity Too Large');
  const event: APIGatewayProxyEventV2 = toProxyEvent(request, url, body, match);
  if (match.authorization === 'AWS_IAM') {
    const signed = { method: event.requestContext.http.method, url, headers: joinedHeaders(request), body };
    const refusal = caller === undefined ? 'nobody may call it' : await verifySignature(signed, caller, Date.now());
    // The gateway does not say why; here it helps to know.
    if (refusal !== undefined) log(`refused ${match.routeKey}: ${refusal}`);
    if (refusal !== undefined) return gatewayAnswer(response, 403, 'Forbidden');
  }
  if (Buffer.byteLength(JSON.stringify(event)) > MAX_INVOCATION_BYTES)
    return gatewayAnswer(response, 413, 'Request Entity Too Large');
  return functionAnswer(response, await match.target.invoke(event));
}

/** `undefined`: it is larger than the gateway takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Read to its end all the same: a client that is still sending would not see the answer.
    if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_REQUEST_BYTES ? undefined : Buffer.concat(chunks);
}

const ProxyResult = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cookies: z.array(z.string()).default([]),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
});

function functionAnswer(response: ServerResponse, outcome: InvocationOutcome): void {
  if (!outcome.ok) {
    if (outcome.isThrottled === true) gatewayAnswer(response, 503, 'Service Unavailable');
    else gatewayAnswer(response, 500, 'Internal Server Error');
    return;
  }
  const result = ProxyResult.safeParse(outcome.result);
  // Without a status the gateway takes the whole for a body.
  const { statusCode, headers, cookies, body, isBase64Encoded } = result.success
    ? result.data
    : {
        statusCode: 200,
        headers: { 'content-type': 'application/json' },
        cookies: [],
        body: JSON.stringify(outcome.result),
        isBase64Encoded: false,
      };
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(isBase64Encoded ? Buffer.from(body, 'base64') : body);
}

function gatewayAnswer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
}
