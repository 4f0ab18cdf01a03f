import { Stack } from 'aws-cdk-lib';
import { CfnRule, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { CfnQueue, type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { parseInput } from '../../shared/core/parse-input.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { objectPattern } from '../../shared/core/trigger-pattern.ts';
import { assertNever, FanjoinError } from '../../shared/errors.ts';
import type { ScheduleTrigger, SqsTrigger } from '../../shared/model/trigger.ts';
import type { TriggerTarget } from '../../shared/model/trigger-message.ts';
import { VersionName } from '../../shared/model/version.ts';
import { TIMEOUT_SECONDS, TRIGGER_SOURCE } from './source-settings.ts';
import { TriggerQueue } from './trigger-queue.ts';

/** As much of a bus as is looked at. Any `IEventBus` is one, and an `EventBus` too where optional properties are exact. */
export type TriggerBus = Pick<IEventBus, 'eventBusName'>;
/** The same of a bucket. */
export type TriggerBucket = Pick<IBucket, 'bucketName' | 'enableEventBridgeNotification' | 'node'>;

export interface TriggersProps {
  /** Event buses, by the names that triggers have for them. @default none beside the account's default bus */
  readonly buses?: Readonly<Record<string, TriggerBus>>;
  /** Buckets, by the names that triggers have for them; those of a trigger are made to send their events to EventBridge. @default none */
  readonly buckets?: Readonly<Record<string, TriggerBucket>>;
  /**
   * Queues, by the names that triggers have for them. Each needs a dead-letter queue: there goes what starts nothing.
   * @default none
   */
  readonly queues?: Readonly<Record<string, IQueue>>;
  /** Which version of its workflow an event starts: `latest`, or an alias that every workflow with triggers has. @default `latest` */
  readonly version?: VersionName;
  /** Invocations at once, 2 to 1,000, of each of the queues; each takes up to 10 events. @default 10 */
  readonly maxConcurrency?: number;
}

export interface WorkflowTriggersProps extends TriggersProps {
  /** Those that have triggers; what these name is there. */
  readonly workflows: readonly Plan[];
  /** The function that starts them. */
  readonly trigger: LambdaFunction;
}

/** The rules, schedules and event sources that the triggers of workflows ask for. */
export class WorkflowTriggers extends Construct {
  /** Between rules and schedules and the function. */
  readonly events: TriggerQueue;
  readonly #props: WorkflowTriggersProps;
  readonly #ruleArns: string[] = [];
  readonly #readBy = new Map<IQueue, string>();

  constructor(scope: Construct, id: string, props: WorkflowTriggersProps) {
    super(scope, id);
    this.#props = props;
    this.events = new TriggerQueue(scope, 'TriggerEvents');
    if (props.version !== undefined) parseInput(VersionName, props.version, 'The version that triggers start');
    const { workflows, trigger, maxConcurrency = TRIGGER_SOURCE.maxConcurrency } = props;
    this.events.feed(trigger, maxConcurrency);
    const fed = workflows.flatMap((plan) => this.#connect(plan, maxConcurrency));
    if (this.#ruleArns.length > 0) this.events.allowRules(this.#ruleArns);
    if (fed.length > 0) trigger.addEnvironment('TRIGGER_QUEUES', Stack.of(this).toJsonString(fed));
  }

  /** Makes what a workflow's triggers ask for, and gives those that a queue of the application feeds. */
  #connect({ definition }: Plan, maxConcurrency: number): (TriggerTarget & { queueArn: string })[] {
    const { buses = {}, buckets = {}, version } = this.#props;
    const scope = new Construct(this, definition.name);
    return (definition.triggers ?? []).flatMap((trigger) => {
      const target = { workflow: definition.name, ...(version !== undefined && { version }), trigger: trigger.id };
      switch (trigger.type) {
        case 'event':
          this.#addRule(scope, target, trigger.pattern, trigger.bus === undefined ? undefined : buses[trigger.bus]);
          return [];
        case 's3': {
          const bucket = buckets[trigger.bucket];
          if (bucket !== undefined) tellEventBridge(bucket);
          this.#addRule(scope, target, objectPattern(trigger, bucket?.bucketName));
          return [];
        }
        case 'schedule':
          this.#addSchedule(scope, target, trigger);
          return [];
        case 'sqs':
          return [{ ...target, queueArn: this.#addQueue(target, trigger, maxConcurrency) }];
        default:
          return assertNever(trigger);
      }
    });
  }

  #addRule(scope: Construct, target: TriggerTarget, eventPattern: object, bus?: TriggerBus): void {
    const { queue, deadLetterQueue } = this.events;
    const rule = new CfnRule(new Construct(scope, target.trigger), 'Rule', {
      description: `Starts the workflow '${target.workflow}' by its trigger '${target.trigger}'`,
      ...(bus !== undefined && { eventBusName: bus.eventBusName }),
      eventPattern,
      targets: [
        {
          id: 'TriggerEvents',
          arn: queue.queueArn,
          inputTransformer: { inputTemplate: withEvent(target, '<aws.events.event.json>') },
          deadLetterConfig: { arn: deadLetterQueue.queueArn },
        },
      ],
    });
    this.#ruleArns.push(rule.attrArn);
  }

  #addSchedule(scope: Construct, target: TriggerTarget, { cron, rate, timeZone }: ScheduleTrigger): void {
    const { queue, deadLetterQueue, schedulerRole } = this.events;
    new CfnSchedule(new Construct(scope, target.trigger), 'Schedule', {
      description: `Starts the workflow '${target.workflow}' by its trigger '${target.trigger}'`,
      scheduleExpression: cron === undefined ? `rate(${rate})` : `cron(${cron})`,
      ...(timeZone !== undefined && { scheduleExpressionTimezone: timeZone }),
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: queue.queueArn,
        roleArn: schedulerRole.roleArn,
        input: withEvent(target, '{"scheduledTime":"<aws.scheduler.scheduled-time>"}'),
        deadLetterConfig: { arn: deadLetterQueue.queueArn },
      },
    });
  }

  #addQueue({ workflow }: TriggerTarget, { id, queue: name }: SqsTrigger, maxConcurrency: number): string {
    const queue = this.#props.queues?.[name];
    if (queue === undefined) throw new Error('Unreachable: workflows were read with the names there are');
    checkQueue(name, queue);
    const reader = this.#readBy.get(queue);
    if (reader !== undefined) {
      const message = `The queue '${name}' is read by the trigger '${id}' of '${workflow}' and by ${reader}: each message would reach one of them. Give each a queue of its own`;
      throw new FanjoinError('DUPLICATE_QUEUE', message);
    }
    this.#readBy.set(queue, `the trigger '${id}' of '${workflow}'`);
    this.#props.trigger.addEventSource(
      new SqsEventSource(queue, { batchSize: TRIGGER_SOURCE.batchSize, maxConcurrency, reportBatchItemFailures: true }),
    );
    return queue.queueArn;
  }
}

/** A message for the queue, as text in which the service puts the event. */
const withEvent = (target: TriggerTarget, event: string): string =>
  `${JSON.stringify(target).slice(0, -1)},"event":${event}}`;

/**
 * Has a bucket send its events to EventBridge. By its own property, where it can be: the library's way is a custom resource,
 * with a function that may change what any of the stack's buckets tells. A bucket that has one already, or is of another
 * stack, is told that way.
 */
function tellEventBridge(bucket: TriggerBucket): void {
  const { defaultChild } = bucket.node;
  const hasNotifications = () => bucket.node.tryFindChild('Notifications') !== undefined;
  if (!(defaultChild instanceof CfnBucket) || hasNotifications()) {
    bucket.enableEventBridgeNotification();
    return;
  }
  defaultChild.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled', true);
  bucket.node.addValidation({
    validate: () =>
      hasNotifications()
        ? ['Its notifications would turn off what triggers hear of it: add them before the executor is made']
        : [],
  });
}

/** @throws {FanjoinError} `UNUSABLE_QUEUE`: what starts nothing would come again for days, or a deployment would fail */
function checkQueue(name: string, queue: IQueue): void {
  if (!(queue instanceof Queue)) return;
  const refuse = (problem: string) => new FanjoinError('UNUSABLE_QUEUE', `The queue '${name}' ${problem}`);
  if (queue.deadLetterQueue === undefined)
    throw refuse(
      'has no dead-letter queue: a message that starts nothing would come again until it expires. Give it one',
    );
  const { defaultChild } = queue.node;
  const seconds = defaultChild instanceof CfnQueue ? defaultChild.visibilityTimeout : undefined;
  if (seconds !== undefined && seconds < TIMEOUT_SECONDS.trigger)
    throw refuse(
      `hides a message for ${seconds} s; Lambda asks for its function's timeout, ${TIMEOUT_SECONDS.trigger} s`,
    );
}
