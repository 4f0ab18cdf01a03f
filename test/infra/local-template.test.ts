import { rmSync } from 'node:fs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template as SynthesizedTemplate } from 'aws-cdk-lib/assertions';
import { AttributeType, StreamViewType, Table, TableClass, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Bucket, HttpMethods } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { IGNORED_PROPERTIES, IGNORED_TYPES, withoutIgnored } from '../../infra/local/ignored-properties.ts';
import { readResources } from '../../infra/local/read-resources.ts';
import { Template } from '../../infra/local/template.ts';
import { synthesized } from './synthesized.ts';

const { template, outdir } = synthesized({
  newSecrets: ['stripe-key'],
  workflows: [
    {
      name: 'w',
      nodes: { n: { type: 'transform', output: 1 } },
      triggers: [
        { id: 'nightly', type: 'schedule', cron: '0 2 * * ? *' },
        { id: 'uploaded', type: 's3', bucket: 'uploads' },
      ],
    },
  ],
  // Of another stack: it is told by a custom resource.
  triggers: (stack) => ({ buckets: { uploads: Bucket.fromBucketName(stack, 'Uploads', 'uploads') } }),
});
rmSync(outdir, { recursive: true });
const deployed = Template.parse(template.toJSON());
const QUEUES = 'http://127.0.0.1:4000';

const read = (resources: Record<string, unknown>) => readResources(Template.parse({ Resources: resources }), QUEUES);

describe('reading a template', () => {
  it('takes the one that is deployed', () => {
    const { tables, buckets, queues, functions, eventSources, routes, rules } = readResources(deployed, QUEUES);

    expect([tables, buckets, functions, eventSources, rules].map(({ length }) => length)).toEqual([1, 1, 8, 5, 2]);
    expect(queues).toHaveLength(7);
    expect(routes.map(({ properties }) => properties.RouteKey)).toContain('POST /executions');
  });

  it('resolves references to what runs locally', () => {
    const { functions, tables, buckets, queues } = readResources(deployed, QUEUES);
    const variables = functions.find(({ id }) => id.includes('NodeRunner'))?.properties.Environment.Variables ?? {};
    const queue = queues.find(({ id }) => id.includes('PooldefaultQueue'));

    expect(variables).toMatchObject({ TABLE_NAME: tables[0]?.id, BUCKET_NAME: buckets[0]?.id.toLowerCase() });
    expect(JSON.parse(variables.QUEUE_URLS ?? '')).toEqual({ default: `${QUEUES}/000000000000/${queue?.id}` });
  });

  it('throws for a property it does not know, naming the resource, its type and the place', () => {
    const resources = { Q: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 30, FifoQueue: true } } };

    expect(() => read(resources)).toThrow(/^Q \(AWS::SQS::Queue\) .*: FifoQueue is not known\. Give it an effect/);
  });

  it('throws for a property it does not know within another', () => {
    const target = { Arn: 'x', HttpParameters: {} };
    const properties = { ScheduleExpression: 'rate(1 minute)', State: 'ENABLED', Targets: [target] };

    expect(() => read({ R: { Type: 'AWS::Events::Rule', Properties: properties } })).toThrow(
      /R \(AWS::Events::Rule\) .*: Targets\.0\.HttpParameters is not known/,
    );
  });

  it('throws for a value it cannot do', () => {
    const properties = { ScheduleExpression: 'cron(0 0 * * ? *)', State: 'ENABLED', Targets: [] };

    expect(() => read({ R: { Type: 'AWS::Events::Rule', Properties: properties } })).toThrow(
      /ScheduleExpression: only rate\(…\) is done locally/,
    );
  });

  it('leaves out what it does not know, says so, and has a stand-in for it where something names it', () => {
    const variables = {
      TOPIC: { Ref: 'T' },
      NAME: { 'Fn::GetAtt': ['T', 'TopicName'] },
      ROLE: { 'Fn::GetAtt': ['Role', 'Arn'] },
      OTHER: { 'Fn::ImportValue': 'Other:Export' },
    };
    const Properties = {
      ...{ Code: { S3Bucket: 'b', S3Key: 'k' }, Handler: 'index.handler' },
      Environment: { Variables: variables },
    };

    const { leftOut, functions } = read({
      T: { Type: 'AWS::SNS::Topic', Metadata: { 'aws:cdk:path': 'Shop/OnCall/Resource' } },
      Role: { Type: 'AWS::IAM::Role' },
      F: { Type: 'AWS::Lambda::Function', Properties },
    });

    expect(leftOut).toEqual([{ label: 'OnCall', type: 'AWS::SNS::Topic' }]);
    expect(functions[0]?.properties.Environment.Variables).toEqual({
      TOPIC: 'not-made-here:T',
      NAME: 'not-made-here:T.TopicName',
      ROLE: 'not-made-here:Role.Arn',
      OTHER: 'not-made-here:Other:Export',
    });
  });

  it('feeds no function from what is of another stack, and says so', () => {
    const mapping = (EventSourceArn: unknown, path: string) => ({
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { BatchSize: 10, EventSourceArn, FunctionName: 'F' },
      Metadata: { 'aws:cdk:path': `Shop/Executor/${path}/Resource` },
    });

    const { leftOut, eventSources } = read({
      Q: { Type: 'AWS::SQS::Queue' },
      Own: mapping({ 'Fn::GetAtt': ['Q', 'Arn'] }, 'Trigger/Own'),
      Imported: mapping({ 'Fn::ImportValue': 'Other:Jobs' }, 'Trigger/Imported'),
    });

    expect(eventSources.map(({ id }) => id)).toEqual(['Own']);
    expect(leftOut).toEqual([{ label: 'Trigger/Imported', type: 'fed by not-made-here:Other:Jobs' }]);
  });

  it('makes everything of the stack that is deployed', () => {
    expect(readResources(deployed, QUEUES).leftOut).toEqual([]);
  });

  it('takes an application’s tags, and a table as the construct library makes it', () => {
    const [tags, throughput] = [[{ Key: 'team', Value: 'a' }], { ReadCapacityUnits: 5, WriteCapacityUnits: 5 }];
    const schema = {
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    };
    const Properties = { ...schema, ProvisionedThroughput: throughput, Tags: tags };

    const { tables, queues } = read({
      T: { Type: 'AWS::DynamoDB::Table', Properties },
      Q: { Type: 'AWS::SQS::Queue', Properties: { Tags: tags } },
    });

    expect(tables[0]?.properties).toEqual({
      ...schema,
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: throughput,
    });
    expect(queues[0]?.properties).toEqual({ VisibilityTimeout: 30 });
  });

  it('throws for references and functions it cannot resolve, naming the place', () => {
    const queue = (deadLetterTargetArn: unknown) => ({
      Q: { Type: 'AWS::SQS::Queue', Properties: { RedrivePolicy: { deadLetterTargetArn, maxReceiveCount: 1 } } },
    });

    expect(() => read(queue({ Ref: 'Gone' }))).toThrow(
      /^Q \(AWS::SQS::Queue\)\.RedrivePolicy\.deadLetterTargetArn: .*{ Ref: Gone }/,
    );
    expect(() => read(queue({ 'Fn::GetAtt': ['Q', 'Nothing'] }))).toThrow(/{ Fn::GetAtt: \[Q, Nothing\] }/);
    expect(() => read(queue({ 'Fn::FindInMap': ['x'] }))).toThrow(/does not know Fn::FindInMap/);
  });

  it('resolves pseudo parameters, joins and substitutions', () => {
    const arn = {
      'Fn::Join': [
        ':',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's placeholders
        ['arn', { Ref: 'AWS::Partition' }, { 'Fn::Sub': 'sqs:${AWS::Region}:${!Literal}:${Q.QueueName}' }],
      ],
    };
    const properties = {
      VisibilityTimeout: { Ref: 'AWS::NoValue' },
      RedrivePolicy: { deadLetterTargetArn: arn, maxReceiveCount: 1 },
    };

    const { queues } = read({ Q: { Type: 'AWS::SQS::Queue', Properties: properties } });

    expect(queues[0]?.properties).toEqual({
      VisibilityTimeout: 30,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: no placeholder any more
      RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:${Literal}:Q', maxReceiveCount: 1 },
    });
  });
});

describe('what an application has beside the executor', () => {
  it.each<[string, (stack: Stack) => void]>([
    [
      'a table',
      (stack) =>
        new Table(stack, 'T', {
          ...{ tableName: 'orders', partitionKey: { name: 'id', type: AttributeType.STRING } },
          ...{ stream: StreamViewType.NEW_IMAGE, tableClass: TableClass.STANDARD_INFREQUENT_ACCESS },
          ...{ encryption: TableEncryption.AWS_MANAGED, deletionProtection: true },
        }),
    ],
    [
      'a bucket',
      (stack) =>
        new Bucket(stack, 'B', {
          ...{ bucketName: 'uploads', versioned: true, serverAccessLogsPrefix: 'log/' },
          cors: [{ allowedMethods: [HttpMethods.PUT], allowedOrigins: ['*'] }],
        }),
    ],
    [
      'a queue',
      (stack) =>
        new Queue(stack, 'Q', {
          ...{ queueName: 'jobs', encryption: QueueEncryption.KMS_MANAGED, dataKeyReuse: Duration.hours(1) },
          receiveMessageWaitTime: Duration.seconds(20),
        }),
    ],
    [
      'a rule',
      (stack) =>
        new Rule(stack, 'R', {
          ...{ ruleName: 'heard', eventPattern: { source: ['shop'] } },
          targets: [new SqsQueue(new Queue(stack, 'Q'))],
        }),
    ],
    ['a secret', (stack) => new Secret(stack, 'S', { secretName: 'stripe' })],
  ])('does not stop the local stack: %s', (_what, make) => {
    const stack = new Stack(new App({ analyticsReporting: false }), 'Application');
    make(stack);
    const theirs = Template.parse(SynthesizedTemplate.fromStack(stack).toJSON());

    expect(() => readResources(theirs, QUEUES)).not.toThrow();
  });
});

describe('what is ignored', () => {
  it('stands in the template: the list has no dead entries', () => {
    const types = new Set(Object.values(deployed.Resources).map(({ Type }) => Type));
    const deadTypes = Object.keys(IGNORED_TYPES).filter((type) => !types.has(type));
    const deadProperties = Object.entries(IGNORED_PROPERTIES).flatMap(([type, properties]) =>
      Object.keys(properties)
        .filter((path) => !standsSomewhere(type, path))
        .map((path) => `${type}: ${path}`),
    );

    expect([...deadTypes, ...deadProperties]).toEqual([]);
  });

  it('is left out at its place only, in every element of a list', () => {
    const targets = [
      { Id: '1', Arn: 'a' },
      { Id: '2', Arn: 'b', RetryPolicy: {} },
    ];

    expect(withoutIgnored('AWS::Events::Rule', { Id: 'kept', Targets: targets })).toEqual({
      Id: 'kept',
      Targets: [{ Arn: 'a' }, { Arn: 'b' }],
    });
  });
});

function standsSomewhere(type: string, path: string): boolean {
  return Object.values(deployed.Resources)
    .filter(({ Type }) => Type === type)
    .some(({ Properties }) => stands(Properties, path.replaceAll('[]', '.0').split('.')));
}

function stands(value: unknown, [head, ...rest]: readonly string[]): boolean {
  if (head === undefined) return true;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, head)) return false;
  return stands(Object.entries(value).find(([key]) => key === head)?.[1], rest);
}
