import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { toBusEvent } from './bus-event.ts';
import type { EventRouter } from './event-router.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import type { Meter } from './metering.ts';

const MAX_ENTRIES = 10;
const MAX_REQUEST_BYTES = 1_048_576;
const TIME_BYTES = 14;

const Entry = z.object({
  EventBusName: z.string().optional(),
  Source: z.string().default(''),
  DetailType: z.string().default(''),
  Detail: z.string().default(''),
  Resources: z.array(z.string()).default([]),
  /** Seconds since the epoch. */
  Time: z.number().optional(),
});
type Entry = z.infer<typeof Entry>;
const Detail = z.record(z.string(), z.unknown());

type EntryResult = { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string };
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * EventBridge's `PutEvents` on this machine, for nobody else: checks as the service does, and hands what it takes to the
 * router.
 */
export function startEventBridge(router: EventRouter, meter?: Meter): Promise<LoopbackServer> {
  return startLoopbackServer((request, response) => {
    answer(request, router, meter).then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body)),
      () => response.destroy(),
    );
  });
}

async function answer(request: IncomingMessage, router: EventRouter, meter: Meter | undefined): Promise<Answer> {
  const body = await text(request);
  const operation = request.headers['x-amz-target'];
  if (operation !== 'AWSEvents.PutEvents') return refuse('UnknownOperationException', `Not done here: ${operation}`);
  const parsed = z.object({ Entries: z.array(Entry).min(1).max(MAX_ENTRIES) }).safeParse(JSON.parse(body));
  if (!parsed.success) return refuse('ValidationException', z.prettifyError(parsed.error));
  const { Entries } = parsed.data;
  if (Entries.reduce((sum, entry) => sum + bytesOf(entry), 0) > MAX_REQUEST_BYTES)
    return refuse('ValidationException', 'Total size of the entries in the request is over the limit.');
  const results = Entries.map((entry) => put(entry, router));
  for (const [index, result] of results.entries())
    if ('EventId' in result)
      meter?.event({ userAgent: request.headers['user-agent'], request: Entries[index]?.Detail ?? '' });
  const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length;
  return { status: 200, body: { FailedEntryCount, Entries: results } };
}

function put(
  { EventBusName, Source, DetailType, Detail: json, Resources, Time }: Entry,
  router: EventRouter,
): EntryResult {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail: json })) {
    if (value === '')
      return invalid('InvalidArgument', `Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
  }
  if (Source.startsWith('aws.')) return invalid('NotAuthorizedForSourceException', 'Not authorized for the source.');
  const detail = Detail.safeParse(parseJson(json));
  if (!detail.success) return invalid('MalformedDetail', 'Detail is malformed.');
  const event = toBusEvent({
    source: Source,
    'detail-type': DetailType,
    resources: Resources,
    detail: detail.data,
    atMs: Time === undefined ? Date.now() : Time * 1_000,
  });
  router.publish(EventBusName, event);
  return { EventId: event.id };
}

const bytesOf = ({ Source, DetailType, Detail: json, Resources, Time }: Entry): number =>
  [Source, DetailType, json, ...Resources].reduce(
    (sum, part) => sum + Buffer.byteLength(part),
    Time === undefined ? 0 : TIME_BYTES,
  );

const invalid = (ErrorCode: string, ErrorMessage: string): EntryResult => ({ ErrorCode, ErrorMessage });

const refuse = (type: string, message: string): Answer => ({ status: 400, body: { __type: type, message } });

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
