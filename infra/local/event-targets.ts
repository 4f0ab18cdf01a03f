import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { FanjoinError } from '../../shared/errors.ts';
import { invokeAsync } from './async-invocations.ts';
import type { BusEvent } from './bus-event.ts';
import type { Deliveries } from './faults.ts';
import type { FunctionFinder } from './find-function.ts';
import { atPath, transformInput } from './input-transformer.ts';
import type { LocalResources } from './read-resources.ts';
import { functionArn, queueArn } from './references.ts';
import type { RuleProperties } from './resource-schemas.ts';
import type { RuleActivity } from './rule-activity.ts';
import { isStandIn } from './stand-ins.ts';

/** Where a rule takes an event. Resolves when it is there; never throws for what the target does. */
export type EventTarget = (event: BusEvent, signal: AbortSignal) => Promise<void>;

export interface EventTargetsOptions {
  readonly resources: LocalResources;
  readonly find: FunctionFinder;
  readonly sqs: SQSClient;
  readonly queueUrlOf: (queueId: string) => string;
  readonly deliveriesOf: (source: string) => Deliveries;
  readonly log: (source: string, line: string) => void;
  /** Counts what rules do. Default: nobody does. */
  readonly activity?: RuleActivity;
}

/** What Lambda does unless it is told otherwise. */
const DEFAULT_RETRY_ATTEMPTS = 2;
const DEFAULT_EVENT_AGE_SECONDS = 21_600;

/**
 * A rule's target: a queue gets the event as a message, a function is invoked with it.
 * @throws {FanjoinError} `UNKNOWN_REFERENCE` if it is neither
 */
export function eventTarget(
  { Arn, Input, InputPath, InputTransformer }: RuleProperties['Targets'][number],
  ruleArn: string,
  options: EventTargetsOptions,
): EventTarget {
  const deliver = inputTarget(Arn, options);
  const inputOf = (event: BusEvent): unknown => {
    if (Input !== undefined) return JSON.parse(Input);
    if (InputTransformer !== undefined)
      return transformInput(InputTransformer, event, { ruleArn, receivedAtMs: Date.now() });
    return InputPath === undefined ? event : atPath(event, InputPath);
  };
  return (event, signal) => deliver(inputOf(event), signal);
}

/** Where a rule or a schedule takes what it has made of an event. Resolves when it is there. */
export type InputTarget = (input: unknown, signal: AbortSignal) => Promise<void>;

/** @throws {FanjoinError} `UNKNOWN_REFERENCE` if it is neither a queue nor a function, nor something that is not made here */
export function inputTarget(Arn: string, options: EventTargetsOptions): InputTarget {
  const { resources, sqs, queueUrlOf, log } = options;
  const queue = resources.queues.find(({ id }) => queueArn(id) === Arn);
  if (queue !== undefined) {
    const QueueUrl = queueUrlOf(queue.id);
    return async (input) => {
      const command = new SendMessageCommand({ QueueUrl, MessageBody: escaped(input) });
      await sqs.send(command).catch((error: unknown) => log(queue.label, `cannot take an event: ${String(error)}`));
    };
  }
  if (isStandIn(Arn)) return async () => log('EventBridge', `an event goes nowhere: ${Arn}`);
  if (resources.functions.every(({ id }) => functionArn(id) !== Arn))
    throw new FanjoinError('UNKNOWN_REFERENCE', `The target of a rule is neither a queue nor a function here: ${Arn}`);
  return asynchronously(Arn, options);
}

/** JSON in which every character is one unit of UTF-16: fauxqs takes others, such as an emoji in an object's key, for none. SQS does not. */
const escaped = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u{10000}-\u{10FFFF}]/gu, (character) =>
    Array.from({ length: character.length }, (_, unit) => `\\u${character.charCodeAt(unit).toString(16)}`).join(''),
  );

/** As the function says, or as Lambda does. */
function asynchronously(arn: string, { resources, find, sqs, queueUrlOf, deliveriesOf, log }: EventTargetsOptions) {
  const target = find.byArn(arn);
  const config = resources.invokeConfigs.find(({ properties }) => functionArn(properties.FunctionName) === arn);
  const destination = config?.properties.DestinationConfig?.OnFailure?.Destination;
  const queue = resources.queues.find(({ id }) => queueArn(id) === destination);
  const options = {
    target,
    deliveries: deliveriesOf(`events to ${target.label}`),
    maxRetryAttempts: config?.properties.MaximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS,
    maxEventAgeSeconds: config?.properties.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_AGE_SECONDS,
    log: (line: string) => log(target.label, line),
    onGivenUp: async (record: object) => {
      if (queue === undefined) return;
      const command = new SendMessageCommand({ QueueUrl: queueUrlOf(queue.id), MessageBody: escaped(record) });
      await sqs.send(command).catch((error: unknown) => log(queue.label, `cannot take a record: ${String(error)}`));
    },
  };
  return (input: unknown, signal: AbortSignal): Promise<void> => invokeAsync(input, options, signal);
}
