import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import type { EventSource } from './event-sources.ts';
import type { LocalFunction } from './local-function.ts';
import type { LocalResources } from './read-resources.ts';
import { queueArn } from './references.ts';
import type { RuleActivity } from './rule-activity.ts';
import type { QueueStatus, StackStatus } from './stack-status.ts';
import { StreamSource } from './stream-source.ts';

export interface WatchedStack {
  readonly resources: LocalResources;
  readonly functions: readonly LocalFunction[];
  readonly sources: readonly EventSource[];
  readonly rules: RuleActivity;
  readonly sqs: SQSClient;
  readonly queueUrlOf: (queueId: string) => string;
  readonly startedAtMs: number;
  readonly seed: number | undefined;
}

/** What the stack is at now. */
export async function readStatus(stack: WatchedStack): Promise<StackStatus> {
  const { functions, sources, rules, startedAtMs, seed } = stack;
  return {
    startedAtMs,
    atMs: Date.now(),
    ...(seed !== undefined && { seed }),
    queues: await Promise.all(stack.resources.queues.map((queue) => readQueue(queue, stack))),
    streams: sources.flatMap((source) => (source instanceof StreamSource ? [source.status] : [])),
    functions: functions.map(({ status }) => status),
    rules: rules.status,
  };
}

async function readQueue(
  { id, label }: LocalResources['queues'][number],
  { resources, sqs, queueUrlOf }: WatchedStack,
): Promise<QueueStatus> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrlOf(id), AttributeNames: ['All'] }),
  );
  const count = (name: QueueAttributeName): number => Number(Attributes[name] ?? 0);
  const queues = resources.queues.filter(
    ({ properties }) => properties.RedrivePolicy?.deadLetterTargetArn === queueArn(id),
  );
  const sources = resources.eventSources.filter(
    ({ properties }) => properties.DestinationConfig?.OnFailure.Destination === queueArn(id),
  );
  return {
    name: label,
    deadLettersOf: [...queues, ...sources].map((source) => source.label),
    visible: count('ApproximateNumberOfMessages'),
    inFlight: count('ApproximateNumberOfMessagesNotVisible'),
    delayed: count('ApproximateNumberOfMessagesDelayed'),
  };
}
