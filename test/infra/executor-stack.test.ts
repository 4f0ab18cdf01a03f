import { rmSync } from 'node:fs';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { afterAll, describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

const { template, outdir } = synthesized();
afterAll(() => rmSync(outdir, { recursive: true }));

const resources = (type: string) => Object.entries(template.findResources(type));

describe('the table', () => {
  it('streams both images, for the scheduler compares flags with what they were', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  it('has the index the sweep reads, with whole items, and that of executions, with what hardly ever changes', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'due',
          KeySchema: [
            { AttributeName: 'dueShard', KeyType: 'HASH' },
            { AttributeName: 'dueAtMs', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
        {
          IndexName: 'byWorkflow',
          KeySchema: [
            { AttributeName: 'workflow', KeyType: 'HASH' },
            { AttributeName: 'listedAs', KeyType: 'RANGE' },
          ],
          Projection: {
            ProjectionType: 'INCLUDE',
            NonKeyAttributes: ['executionId', 'endedAs'],
          },
        },
      ],
    });
  });

  it('is paid by request, can be restored to a point in time, and lets items expire', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAtS', Enabled: true },
    });
  });
});

describe('what is kept', () => {
  it('stays when the stack is deleted', () => {
    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket']) {
      template.hasResource(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('goes with the stack if that was asked for', () => {
    const { template: removed, outdir: folder } = synthesized({ removalPolicy: RemovalPolicy.DESTROY });
    rmSync(folder, { recursive: true });

    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket']) {
      removed.hasResource(type, { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
    }
  });

  it('is in a bucket that is private, encrypted and reached by TLS only', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it.each([
    [{ executionRetention: Duration.seconds(0) }, /^executionRetention is .*whole seconds/],
    [{ executionRetention: Duration.millis(1_500) }, /^executionRetention is 1.*whole seconds/],
    [{ payloadRetention: Duration.hours(12) }, /^payloadRetention is 12 hours: S3 expires objects by whole days/],
    [
      { executionRetention: Duration.days(30), payloadRetention: Duration.days(1) },
      /^payloadRetention is 1 day: it is shorter than executionRetention/,
    ],
  ])('refuses a retention that cannot be, or leaves items that point nowhere: %#', (props, message) => {
    expect(() => synthesized(props)).toThrow(message);
  });

  it('loses payloads of executions, never definitions, where a retention is asked for', () => {
    const { template: bounded, outdir: folder } = synthesized({ payloadRetention: Duration.days(30) });
    rmSync(folder, { recursive: true });

    bounded.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([Match.objectLike({ Prefix: 'executions/', ExpirationInDays: 30 })]),
      },
    });
  });
});

describe('pools', () => {
  it('give a message up after five deliveries', () => {
    const [, deadLetterQueue] =
      resources('AWS::SQS::Queue').find(([id]) => id.includes('PooldefaultDeadLetterQueue')) ?? [];
    expect(deadLetterQueue?.Properties.RedrivePolicy).toMatchObject({
      deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringContaining('PooldefaultUnsettledQueue'), 'Arn'] },
      maxReceiveCount: 10,
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('PooldefaultDeadLetterQueue'), 'Arn'] },
        maxReceiveCount: 5,
      },
    });
  });

  it('hide a message for longer than the function that has it may take', () => {
    const visibility = (part: string) =>
      resources('AWS::SQS::Queue').find(([id]) => id.includes(part))?.[1].Properties.VisibilityTimeout;
    const timeout = (part: string) =>
      resources('AWS::Lambda::Function').find(([id]) => id.includes(part))?.[1].Properties.Timeout;

    expect(visibility('PooldefaultQueue')).toBeGreaterThan(timeout('NodeRunner'));
    expect(visibility('PooldefaultDeadLetterQueue')).toBeGreaterThan(timeout('DeadLetter'));
  });

  it('are encrypted and reached by TLS only', () => {
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    const protectedQueues = resources('AWS::SQS::QueuePolicy').flatMap(([, { Properties }]) => Properties.Queues);
    expect(protectedQueues).toHaveLength(resources('AWS::SQS::Queue').length);
  });

  it('each get a queue of their own that bounds the handlers at once, and every sender knows it', () => {
    const { template: two, outdir: folder } = synthesized({ pools: { slow: { size: 3 }, couriers: {} } });
    rmSync(folder, { recursive: true });

    two.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('PoolslowQueue'), 'Arn'] },
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 3 },
    });
    two.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('PoolcouriersQueue'), 'Arn'] },
      ScalingConfig: { MaximumConcurrency: 10 },
    });
    for (const sender of ['Scheduler', 'NodeRunner', 'Sweep']) {
      const [, properties] =
        Object.entries(two.findResources('AWS::Lambda::Function')).find(([id]) => id.includes(sender)) ?? [];
      expect(JSON.stringify(properties?.Properties.Environment.Variables.QUEUE_URLS)).toContain('PoolslowQueue');
    }
  });
});

it('a pool of one is refused: Lambda has no such bound', () => {
  expect(() => synthesized({ pools: { single: { size: 1 } } })).toThrow(/'single' has the size 1/);
});

describe('event sources', () => {
  it('all report partial failures', () => {
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 4);
    template.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('read the stream from its beginning and give a record up at last, with a note of it', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('ItemsTable'), 'StreamArn'] },
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 3_600,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('StreamGivenUp'), 'Arn'] } },
      },
    });
  });

  it('hand the observer what changed within a second, minute by minute, a shard at a time', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: Match.stringLikeRegexp('Observer') },
      BatchSize: 1_000,
      MaximumBatchingWindowInSeconds: 1,
      TumblingWindowInSeconds: 60,
      ParallelizationFactor: Match.absent(),
    });
  });

  it('sweep once a minute', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
  });
});

describe('lifecycle events', () => {
  const observerOf = (from: typeof template) =>
    Object.entries(from.findResources('AWS::Lambda::Function')).find(([id]) => id.includes('Observer'))?.[1].Properties
      .Environment.Variables;

  it('go to the default bus of the account: executions and failures, not every node', () => {
    const { EVENT_BUS_ARN, LIFECYCLE_EVENTS } = observerOf(template);

    expect(JSON.stringify(EVENT_BUS_ARN)).toMatch(/:events:.*AWS::Region.*AWS::AccountId.*:event-bus\/default/);
    expect(LIFECYCLE_EVENTS).toBe('executions');
    template.resourceCountIs('AWS::Events::EventBus', 0);
  });

  it('go to another bus, with all nodes, if that was asked for', () => {
    const bus = EventBus.fromEventBusName(new Stack(), 'Bus', 'orders');
    const { template: other, outdir: folder } = synthesized({ lifecycleEvents: { bus, nodeEvents: true } });
    rmSync(folder, { recursive: true });

    expect(JSON.stringify(observerOf(other).EVENT_BUS_ARN)).toContain(':event-bus/orders');
    expect(observerOf(other).LIFECYCLE_EVENTS).toBe('nodes');
  });

  it('go nowhere if they are not wanted', () => {
    const { template: silent, outdir: folder } = synthesized({ lifecycleEvents: false });
    rmSync(folder, { recursive: true });

    expect(observerOf(silent)).not.toHaveProperty('EVENT_BUS_ARN');
  });
});

describe('the stack', () => {
  it('gives nothing a physical name, so that it can be deployed twice', () => {
    const names = Object.entries(template.toJSON().Resources as Record<string, { Properties?: object }>).flatMap(
      ([id, { Properties = {} }]) =>
        Object.keys(Properties)
          .filter((name) =>
            /^(TableName|QueueName|BucketName|FunctionName|RoleName|LogGroupName|RuleName|PolicyName)$/.test(name),
          )
          .map((name) => `${id}.${name}`),
    );

    // Inline policies, permissions and event sources name what they belong to, not themselves.
    const named = names.filter((name) => !/Policy\w*\.PolicyName$|\.FunctionName$/.test(name));
    expect(named).toEqual([]);
  });

  it('says where its API and its table are', () => {
    template.hasOutput('ApiUrl', {});
    template.hasOutput('TableName', {});
  });

  it('is bound to no account and region', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/\b\d{12}\b/);
  });
});
