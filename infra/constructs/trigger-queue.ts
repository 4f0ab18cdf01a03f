import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { POOL_SOURCE, TIMEOUT_SECONDS, TRIGGER_SOURCE } from './source-settings.ts';

/** A queue's policy has room for so many ARNs: 8 KB. */
const MAX_NAMED_RULES = 50;

/**
 * What events wait on between the rule or schedule that took them and the function that starts workflows: a burst of them
 * fills it, and not the account's functions.
 */
export class TriggerQueue extends Construct {
  readonly queue: Queue;
  /** What could not be delivered, or started nothing: an expression that failed, a workflow that is not there. Nobody consumes it. */
  readonly deadLetterQueue: Queue;
  #schedulerRole: Role | undefined;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    };
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', common);
    acknowledge(this.deadLetterQueue, 'SQS3', 'It is where failures end, and has no consumer that could fail');
    this.queue = new Queue(this, 'Queue', {
      ...common,
      visibilityTimeout: Duration.seconds(TIMEOUT_SECONDS.trigger + POOL_SOURCE.visibilityMarginSeconds),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: TRIGGER_SOURCE.maxReceiveCount },
    });
  }

  feed(trigger: LambdaFunction, maxConcurrency: number): void {
    trigger.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: TRIGGER_SOURCE.batchSize,
        maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
  }

  /**
   * Lets rules send here. In one statement for all of them: a policy may have twenty, and the library's own target takes
   * one for each rule.
   */
  allowRules(ruleArns: readonly string[]): void {
    const { account } = Stack.of(this);
    const sources =
      ruleArns.length <= MAX_NAMED_RULES
        ? ruleArns
        : [Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: '*' })];
    for (const queue of [this.queue, this.deadLetterQueue]) {
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [queue.queueArn],
          conditions: { ArnLike: { 'aws:SourceArn': [...sources] }, StringEquals: { 'aws:SourceAccount': account } },
        }),
      );
    }
  }

  /** What schedules send as. */
  get schedulerRole(): Role {
    if (this.#schedulerRole !== undefined) return this.#schedulerRole;
    const conditions = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    this.#schedulerRole = new Role(this, 'SchedulerRole', {
      description: 'Puts the events of schedules on the queue of the triggers',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', { conditions }),
    });
    this.#schedulerRole.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn, this.deadLetterQueue.queueArn],
      }),
    );
    return this.#schedulerRole;
  }
}
