import { rmSync } from 'node:fs';
import { App, Duration, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { TriggersProps } from '../../infra/constructs/workflow-triggers.ts';
import { ExecutorStack, type ExecutorStackProps } from '../../infra/executor-stack.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { grantsOf } from './grants.ts';
import { synthesized } from './synthesized.ts';

function templateOf(props: ExecutorStackProps): Template {
  const { template, outdir } = synthesized(props);
  rmSync(outdir, { recursive: true });
  return template;
}

const aWorkflow = (triggers: DefinitionInput['triggers'], name = 'orders'): DefinitionInput => ({
  name,
  nodes: { n: { type: 'transform', output: 1 } },
  ...(triggers !== undefined && { triggers }),
});

function sources(stack: Stack): TriggersProps {
  return {
    buses: { payments: new EventBus(stack, 'Payments') },
    buckets: { uploads: new Bucket(stack, 'Uploads') },
    queues: {
      jobs: new Queue(stack, 'Jobs', { deadLetterQueue: { queue: new Queue(stack, 'Dead'), maxReceiveCount: 3 } }),
    },
  };
}

const template = templateOf({
  workflows: [
    aWorkflow([
      { id: 'placed', type: 'event', pattern: { source: ['shop'] } },
      { id: 'paid', type: 'event', bus: 'payments', pattern: { source: ['bank'] } },
      { id: 'nightly', type: 'schedule', cron: '0 2 * * ? *', timeZone: 'Europe/Berlin' },
      { id: 'hourly', type: 'schedule', rate: '1 hour' },
      { id: 'uploaded', type: 's3', bucket: 'uploads', prefix: 'in*/', suffix: '.csv' },
      { id: 'queued', type: 'sqs', queue: 'jobs' },
    ]),
  ],
  triggers: (stack) => ({ ...sources(stack), version: 'live' }),
  secrets: {},
});
const queueArn = { 'Fn::GetAtt': [Match.stringLikeRegexp('^ExecutorTriggerEventsQueue'), 'Arn'] };
const deadLetterArn = { 'Fn::GetAtt': [Match.stringLikeRegexp('^ExecutorTriggerEventsDeadLetterQueue'), 'Arn'] };

describe('an event trigger', () => {
  it('is a rule that puts the event on the queue, with whom it starts', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: Match.absent(),
      EventPattern: { source: ['shop'] },
      Targets: [
        {
          Arn: queueArn,
          DeadLetterConfig: { Arn: deadLetterArn },
          InputTransformer: {
            InputTemplate: '{"workflow":"orders","version":"live","trigger":"placed","event":<aws.events.event.json>}',
          },
        },
      ],
    });
  });

  it('is a rule of the bus it names', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: { Ref: Match.stringLikeRegexp('^Payments') },
      EventPattern: { source: ['bank'] },
    });
  });
});

describe('a schedule trigger', () => {
  it.each([
    ['cron(0 2 * * ? *)', 'Europe/Berlin', 'nightly'],
    ['rate(1 hour)', Match.absent(), 'hourly'],
  ])('is a schedule: %s', (ScheduleExpression, ScheduleExpressionTimezone, trigger) => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression,
      ScheduleExpressionTimezone,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: queueArn,
        DeadLetterConfig: { Arn: deadLetterArn },
        Input: `{"workflow":"orders","version":"live","trigger":"${trigger}","event":{"scheduledTime":"<aws.scheduler.scheduled-time>"}}`,
        RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ExecutorTriggerEventsSchedulerRole'), 'Arn'] },
      },
    });
  });

  it('may send to the queue and its dead-letter queue, and do nothing else', () => {
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
      JSON.stringify(Properties.Roles).includes('SchedulerRole'),
    );

    expect(policies.filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('TriggerEvents'))).toEqual([
      expect.objectContaining({
        Properties: expect.objectContaining({
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: [expect.anything(), expect.anything()] },
            ],
          },
        }),
      }),
    ]);
  });
});

describe('an s3 trigger', () => {
  it('is a rule for the keys it asks for, and a bucket that tells EventBridge, without a custom resource', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: {
          bucket: { name: [{ Ref: Match.stringLikeRegexp('^Uploads') }] },
          object: { key: [{ wildcard: 'in\\*/*.csv' }] },
        },
      },
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
    template.resourceCountIs('Custom::S3BucketNotifications', 0);
  });

  const uploaded = aWorkflow([{ id: 'uploaded', type: 's3', bucket: 'uploads' }]);
  const notify = (stack: Stack, bucket: Bucket) =>
    bucket.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(new Queue(stack, 'Others')));

  it('goes along with notifications that its bucket has', () => {
    const other = templateOf({
      workflows: [uploaded],
      triggers: (stack) => {
        const bucket = new Bucket(stack, 'Uploads');
        notify(stack, bucket);
        return { buckets: { uploads: bucket } };
      },
    });

    other.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: { EventBridgeConfiguration: {}, QueueConfigurations: [Match.anyValue()] },
    });
  });

  it('says so where notifications come later, which would turn it off', () => {
    const app = new App({ analyticsReporting: false });
    let bucket: Bucket | undefined;
    const stack = new ExecutorStack(app, 'Test', {
      workflows: [uploaded],
      triggers: (scope) => {
        bucket = new Bucket(scope, 'Uploads');
        return { buckets: { uploads: bucket } };
      },
    });
    if (bucket !== undefined) notify(stack, bucket);

    expect(() => Template.fromStack(stack)).toThrow(/would turn off what triggers hear of it/);
  });
});

it('a version that none could have is refused before it is deployed', () => {
  expect(() =>
    templateOf({
      workflows: [aWorkflow([{ id: 'nightly', type: 'schedule', rate: '1 day' }])],
      triggers: { version: 'Live!' },
    }),
  ).toThrow(/^The version that triggers start is not valid/);
});

describe('an sqs trigger', () => {
  it('feeds the function from the queue it names, in batches whose failures come again', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Jobs'), 'Arn'] },
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 10 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(
        Object.entries(template.findResources('AWS::Lambda::Function')).find(([id]) => /^ExecutorTrigger/.test(id))?.[1]
          .Properties.Environment,
      );
    expect(JSON.stringify(Variables.TRIGGER_QUEUES)).toMatch(/orders.*live.*queued/);
  });

  it.each<[string, (stack: Stack) => Queue, RegExp]>([
    ['no dead-letter queue', (stack) => new Queue(stack, 'Jobs'), /The queue 'jobs' has no dead-letter queue/],
    [
      'too short a visibility timeout',
      (stack) =>
        new Queue(stack, 'Jobs', {
          visibilityTimeout: Duration.seconds(5),
          deadLetterQueue: { queue: new Queue(stack, 'Dead'), maxReceiveCount: 3 },
        }),
      /The queue 'jobs' hides a message for 5 s; Lambda asks for .* 30 s/,
    ],
  ])('refuses a queue with %s', (_what, queue, message) => {
    const workflows = [aWorkflow([{ id: 'queued', type: 'sqs', queue: 'jobs' }])];

    expect(() => templateOf({ workflows, triggers: (stack) => ({ queues: { jobs: queue(stack) } }) })).toThrow(message);
  });

  it('refuses a queue that another workflow reads', () => {
    const queued: DefinitionInput['triggers'] = [{ id: 'queued', type: 'sqs', queue: 'jobs' }];

    expect(() =>
      templateOf({ workflows: [aWorkflow(queued), aWorkflow(queued, 'others')], triggers: sources }),
    ).toThrow(/The queue 'jobs' is read by the trigger 'queued' of 'others' and by the trigger 'queued' of 'orders'/);
  });
});

describe('what triggers name', () => {
  it('must be given to the executor', () => {
    const workflows = [
      aWorkflow([
        { id: 'a', type: 'event', bus: 'billing', pattern: { source: ['x'] } },
        { id: 'b', type: 's3', bucket: 'upload' },
        { id: 'c', type: 'sqs', queue: 'work' },
      ]),
    ];

    expect(() => templateOf({ workflows, triggers: sources })).toThrow(
      /triggers\[0\]\.bus: names what the executor was not given: 'billing' \(there are payments\)[\s\S]*triggers\[1\]\.bucket: [\s\S]*'upload' \(there are uploads\)[\s\S]*triggers\[2\]\.queue: [\s\S]*triggers: { queues: { work: … } }/,
    );
  });
});

describe('the function', () => {
  it('and its queue are not there without triggers', () => {
    const without = templateOf({ workflows: [aWorkflow(undefined)] });

    const functions = Object.keys(without.findResources('AWS::Lambda::Function'));
    expect(functions.filter((id) => /^ExecutorTrigger/.test(id))).toEqual([]);
    expect(Object.keys(without.findResources('AWS::SQS::Queue')).filter((id) => /Trigger/.test(id))).toEqual([]);
  });

  it('may start executions, and read its queues', () => {
    const actions = [...new Set(grantsOf(template, 'Trigger').flatMap((grant) => grant.actions))].sort();

    expect(actions).toEqual([
      ...['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ...['logs:CreateLogStream', 'logs:PutLogEvents'],
      ...['s3:GetObject', 's3:ListBucket', 's3:PutObject'],
      ...['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
      ...['sqs:ReceiveMessage', 'sqs:SendMessage'],
    ]);
  });

  it('may send no work where the scheduler sends what executions begin with', () => {
    const workflows = [aWorkflow([{ id: 'a', type: 'schedule', rate: '1 day' }])];
    const scheduled = templateOf({ advance: 'stream', workflows });

    expect(grantsOf(scheduled, 'Trigger').flatMap((grant) => grant.actions)).not.toContain('sqs:SendMessage');
  });

  it('is fed after the workflows are published', () => {
    const rules = Object.values(template.findResources('AWS::Events::Rule')).filter(({ Properties }) =>
      JSON.stringify(Properties.Targets).includes('TriggerEvents'),
    );

    expect(rules).toHaveLength(3);
    for (const { DependsOn } of rules) expect(JSON.stringify(DependsOn)).toContain('WorkflowsTrigger');
  });
});

describe('the queue of the triggers', () => {
  it('takes events of the rules that put them there, and gives up what starts nothing five times', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: { deadLetterTargetArn: deadLetterArn, maxReceiveCount: 5 },
      VisibilityTimeout: 60,
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Condition: { ArnLike: { 'aws:SourceArn': [Match.anyValue(), Match.anyValue(), Match.anyValue()] } },
          }),
        ]),
      },
    });
  });

  it('names the account’s rules where there are too many for a policy', () => {
    const triggers = Array.from({ length: 30 }, (_, n) => ({
      ...{ id: `t${n}`, type: 'event' as const, pattern: { source: [`s${n}`] } },
    }));
    const many = templateOf({ workflows: [aWorkflow(triggers), aWorkflow(triggers, 'others')] });

    const [policy] = Object.values(many.findResources('AWS::SQS::QueuePolicy')).filter(({ Properties }) =>
      JSON.stringify(Properties.Queues).includes('TriggerEventsQueue'),
    );
    expect(JSON.stringify(policy)).toMatch(/:rule\/\*/);
    expect(JSON.stringify(policy).length).toBeLessThan(8_192);
  });
});
