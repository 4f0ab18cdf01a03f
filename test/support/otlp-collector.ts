import { once } from 'node:events';
import { createServer } from 'node:http';
import * as z from 'zod';

const Value = z.object({
  stringValue: z.string().optional(),
  intValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  doubleValue: z.number().optional(),
});
const attributes = z
  .array(z.object({ key: z.string(), value: Value }))
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]])));
const fields = {
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  status: z.object({ code: z.number(), message: z.string().optional() }),
};
const SentSpan = z.object({ ...fields, attributes });
const CollectedSpan = z.object({ ...fields, attributes: z.record(z.string(), z.unknown()), service: z.unknown() });
export type CollectedSpan = z.infer<typeof CollectedSpan>;
const TraceRequest = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(SentSpan) })),
    }),
  ),
});

export interface Collector extends AsyncDisposable {
  readonly url: string;
  /** All that came so far. */
  readonly spans: readonly CollectedSpan[];
  /** The same as it came, with what of it is not looked at. */
  readonly bodies: readonly string[];
  /** Of the last request. */
  readonly headers: () => Readonly<Record<string, unknown>>;
}

/** What a collector, in whatever process, took so far. */
export async function readSpans(collectorUrl: string): Promise<CollectedSpan[]> {
  const response = await fetch(`${collectorUrl}/spans`);
  return z.array(CollectedSpan).parse(await response.json());
}

/** Takes spans by OTLP over HTTP, on this machine, as a collector does. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  let headers: Readonly<Record<string, unknown>> = {};
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url === '/spans') return void response.end(JSON.stringify(spans));
    if (request.url !== '/v1/traces') return void response.writeHead(404).end();
    headers = request.headers;
    const body = Buffer.concat(chunks).toString();
    bodies.push(body);
    for (const { resource, scopeSpans } of TraceRequest.parse(JSON.parse(body)).resourceSpans)
      for (const scope of scopeSpans)
        spans.push(...scope.spans.map((span) => ({ ...span, service: resource.attributes['service.name'] })));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Unreachable: the server listens on a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    spans,
    bodies,
    headers: () => headers,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
