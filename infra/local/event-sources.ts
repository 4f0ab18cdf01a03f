import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { FanjoinError } from '../../shared/errors.ts';
import type { AwsClients } from './connect-clients.ts';
import type { Deliveries } from './faults.ts';
import type { FunctionFinder } from './find-function.ts';
import { type GivenUpBatch, onFailureRecord } from './on-failure-record.ts';
import { QueueSource } from './queue-source.ts';
import type { LocalResource, LocalResources } from './read-resources.ts';
import { functionArn, queueArn, streamArn } from './references.ts';
import type { EventSourceProperties } from './resource-schemas.ts';
import { StreamSource } from './stream-source.ts';

export interface EventSourcesOptions {
  readonly resources: LocalResources;
  readonly clients: AwsClients;
  /** The ARN of each table's stream, by table. */
  readonly streamArns: ReadonlyMap<string, string>;
  readonly queueUrlOf: (queueId: string) => string;
  readonly find: FunctionFinder;
  readonly maxConcurrency: number;
  /** What failed comes back to its queue after so long at the most. */
  readonly visibilityTimeoutSeconds?: number;
  /** At the most, however long the template has them. */
  readonly tumblingWindowSeconds?: number;
  readonly deliveriesOf: (source: string) => Deliveries;
  readonly log: (source: string, line: string) => void;
}

export type EventSource = QueueSource | StreamSource;

/** Starts what feeds the functions: each event source mapping by the kind of its source. */
export function startEventSources(options: EventSourcesOptions): readonly EventSource[] {
  return options.resources.eventSources.map((mapping) => startEventSource(mapping, options));
}

function startEventSource(
  { id, label, properties }: LocalResource<EventSourceProperties>,
  options: EventSourcesOptions,
): EventSource {
  const { resources, clients, streamArns, queueUrlOf, find, maxConcurrency, deliveriesOf, log } = options;
  const common = {
    function: find.byId(properties.FunctionName),
    settings: withShortWindow(properties, options.tumblingWindowSeconds),
    deliveries: deliveriesOf(id),
    log: (line: string) => log(label, line),
  };
  const queue = resources.queues.find((candidate) => queueArn(candidate.id) === properties.EventSourceArn);
  if (queue !== undefined)
    return new QueueSource({
      ...common,
      maxConcurrency,
      sqs: clients.sqs,
      queueUrl: queueUrlOf(queue.id),
      visibilityTimeoutSeconds: queue.properties.VisibilityTimeout,
      ...(options.visibilityTimeoutSeconds !== undefined && {
        comesBackAfterSeconds: Math.min(queue.properties.VisibilityTimeout, options.visibilityTimeoutSeconds),
      }),
    });
  const table = resources.tables.find((candidate) => streamArn(candidate.id) === properties.EventSourceArn);
  if (table === undefined)
    throw new FanjoinError('UNKNOWN_REFERENCE', `${id}: there is no queue or stream ${properties.EventSourceArn}`);
  return new StreamSource({
    ...common,
    streams: clients.streams,
    streamArn: streamArns.get(table.id) ?? '',
    onGivenUp: (batch) => sendToDestination(properties, batch, options),
  });
}

function withShortWindow(
  { TumblingWindowInSeconds: seconds, ...settings }: EventSourceProperties,
  atMost = Number.POSITIVE_INFINITY,
): EventSourceProperties {
  return { ...settings, ...(seconds !== undefined && { TumblingWindowInSeconds: Math.min(seconds, atMost) }) };
}

/** Says which records were given up, to the destination and to whoever reads the log. */
async function sendToDestination(
  { DestinationConfig, EventSourceArn, FunctionName }: EventSourceProperties,
  batch: GivenUpBatch,
  { resources, clients, queueUrlOf, log }: EventSourcesOptions,
): Promise<void> {
  const destination = DestinationConfig?.OnFailure.Destination;
  const queue = resources.queues.find(({ id }) => queueArn(id) === destination);
  const keys = batch.records.map(({ dynamodb }) => JSON.stringify(dynamodb?.Keys)).join(', ');
  log('stream', `gave up ${batch.records.length} records (${batch.condition}): ${keys}`);
  if (queue === undefined) return;
  const body = onFailureRecord(batch, {
    functionArn: functionArn(FunctionName),
    streamArn: EventSourceArn,
    nowMs: Date.now(),
  });
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrlOf(queue.id), MessageBody: JSON.stringify(body) }));
}
