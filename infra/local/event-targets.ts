import { setTimeout as delay } from 'node:timers/promises';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { FanjoinError } from '../../shared/errors.ts';
import type { BusEvent } from './bus-event.ts';
import type { FunctionFinder } from './find-function.ts';
import type { LocalResources } from './read-resources.ts';
import { functionArn, queueArn } from './references.ts';
import type { RuleProperties } from './resource-schemas.ts';

/** Where a rule takes an event. Resolves when it is there; never throws for what the target does. */
export type EventTarget = (event: BusEvent, signal: AbortSignal) => Promise<void>;

export interface EventTargetsOptions {
  readonly resources: LocalResources;
  readonly find: FunctionFinder;
  readonly sqs: SQSClient;
  readonly queueUrlOf: (queueId: string) => string;
  readonly log: (source: string, line: string) => void;
}

/** Before the first and the second repetition of an asynchronous invocation. Lambda takes a minute and two. */
const RETRY_MS = [1_000, 2_000];

/**
 * A rule's target: a queue gets the event as a message, a function is invoked with it.
 * @throws {FanjoinError} `UNKNOWN_REFERENCE` if it is neither
 */
export function eventTarget(
  { Arn, Input, InputPath }: RuleProperties['Targets'][number],
  options: EventTargetsOptions,
): EventTarget {
  const { resources, sqs, queueUrlOf, log } = options;
  const inputOf = (event: BusEvent): unknown =>
    Input !== undefined ? JSON.parse(Input) : InputPath !== undefined ? atPath(event, InputPath) : event;
  const queue = resources.queues.find(({ id }) => queueArn(id) === Arn);
  if (queue !== undefined) {
    const QueueUrl = queueUrlOf(queue.id);
    return async (event) => {
      const command = new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(inputOf(event)) });
      await sqs.send(command).catch((error: unknown) => log(queue.label, `cannot take an event: ${String(error)}`));
    };
  }
  if (resources.functions.every(({ id }) => functionArn(id) !== Arn))
    throw new FanjoinError('UNKNOWN_REFERENCE', `The target of a rule is neither a queue nor a function here: ${Arn}`);
  const invoke = asynchronously(Arn, options);
  return (event, signal) => invoke(inputOf(event), signal);
}

/** Nobody hears what comes of it; what fails is tried again, as the function says. */
function asynchronously(arn: string, { resources, find, log }: EventTargetsOptions) {
  const target = find.byArn(arn);
  const config = resources.invokeConfigs.find(({ properties }) => functionArn(properties.FunctionName) === arn);
  const delays = RETRY_MS.slice(0, config?.properties.MaximumRetryAttempts ?? RETRY_MS.length);
  return async (input: unknown, signal: AbortSignal): Promise<void> => {
    for (let tries = 0; !signal.aborted; tries++) {
      if ((await target.invoke(input)).ok) return;
      const delayMs = delays[tries];
      if (delayMs === undefined) return log(target.label, 'an event was given up');
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
    }
  };
}

/** `$.detail.nodeId` of an event; null if there is nothing. */
function atPath(event: BusEvent, path: string): unknown {
  let value: unknown = event;
  for (const name of path.split('.').slice(1))
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([key]) => key === name)?.[1]
        : undefined;
  return value ?? null;
}
