import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { Deliveries } from './faults.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import { type Meter, TABLE_OPERATIONS } from './metering.ts';

export interface TableProxyOptions {
  /** Of DynamoDB Local. */
  readonly endpoint: string;
  /** Notes what capacity each request consumed. Default: nobody does. */
  readonly meter?: Meter | undefined;
  readonly deliveries: Deliveries;
}

/** Passes requests on to DynamoDB: counted, as slow as they are on AWS, and some of them refused, where that is asked for. */
export function startTableProxy({ endpoint, meter, deliveries }: TableProxyOptions): Promise<LoopbackServer> {
  return startLoopbackServer((request, response) => {
    const forward = async () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      const isWrite = TABLE_OPERATIONS[operation] === 'writeUnits';
      const notBefore = isWrite ? delay(deliveries.latencyMs('write')) : undefined;
      const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
      const text = (await buffer(request)).toString();
      if (isWrite && deliveries.isThrottled()) {
        response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(THROTTLED));
        return;
      }
      const body = meter !== undefined && operation in TABLE_OPERATIONS ? asksForCapacity(text) : text;
      const forwarded = await fetch(endpoint, { method: 'POST', headers: new Headers(textual(headers)), body });
      const answer = await forwarded.text();
      meter?.table({ operation, userAgent: request.headers['user-agent'], request: text, answer });
      await notBefore;
      response.writeHead(forwarded.status, { 'content-type': forwarded.headers.get('content-type') ?? '' }).end(answer);
    };
    forward().catch(() => response.destroy());
  });
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const THROTTLED = {
  __type: 'com.amazon.coral.availability#ThrottlingException',
  message: 'Rate of requests exceeds the allowed throughput.',
};

const asksForCapacity = (body: string): string =>
  JSON.stringify({ ...z.looseObject({}).parse(JSON.parse(body)), ReturnConsumedCapacity: 'TOTAL' });

const textual = (headers: object): [string, string][] =>
  Object.entries(headers).map(([name, value]) => [name, String(value)]);
