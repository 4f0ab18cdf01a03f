import { rmSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { describe, expect, it } from 'vitest';
import type { LifecycleEventsProps } from '../../infra/constructs/lifecycle-bus.ts';
import { grantsOf } from './grants.ts';
import { synthesized } from './synthesized.ts';

const { template, outdir } = synthesized({ pools: { slow: {} } });
rmSync(outdir, { recursive: true });

/** What a function's role may do, as `action on resource`. */
function permissionsOf(role: string, of = template): string[] {
  const permissions = grantsOf(of, role).flatMap(({ actions, resources }) =>
    actions.flatMap((action) => resources.map((resource) => `${action} on ${nameOf(resource)}`)),
  );
  return [...new Set(permissions)].sort();
}

/** The construct a resource belongs to, and what follows its ARN. */
function nameOf(resource: unknown): string {
  const text = JSON.stringify(resource);
  const name =
    /(ItemsTable|PayloadsBucket|Pool(?:default|slow)(?:DeadLetter|Unsettled)?Queue|StreamGivenUp|UndeliveredQueue|Logs|event-bus\/\w+)/.exec(
      text,
    )?.[1] ?? text;
  if (/ExecutorNodeRunner\w+","Arn"\]\},":\*"/.test(text)) return 'NodeRunner:*';
  const part = /StreamArn/.test(text) ? '/stream' : (/"(\/[^"]*)"/.exec(text)?.[1] ?? '');
  return name + part;
}

const items = (...actions: string[]) => actions.map((action) => `dynamodb:${action} on ItemsTable`);
const LOGS = ['logs:CreateLogStream on Logs', 'logs:PutLogEvents on Logs'];
const PAYLOADS = [
  's3:GetObject on PayloadsBucket/*',
  's3:ListBucket on PayloadsBucket',
  's3:PutObject on PayloadsBucket/*',
];
const SEND = ['sqs:SendMessage on PooldefaultQueue', 'sqs:SendMessage on PoolslowQueue'];
const consume = (...queues: string[]) =>
  queues.flatMap((queue) =>
    ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage'].map(
      (action) => `sqs:${action} on ${queue}`,
    ),
  );

describe('each function may do what it calls and nothing else', () => {
  it.each([
    [
      'ApiFunction',
      [
        ...LOGS,
        ...PAYLOADS,
        ...SEND,
        ...items('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'),
        'dynamodb:Query on ItemsTable/index/byWorkflow',
        ...['default', 'slow'].flatMap((pool) =>
          ['ChangeMessageVisibility', 'DeleteMessage', 'ReceiveMessage'].map(
            (action) => `sqs:${action} on Pool${pool}UnsettledQueue`,
          ),
        ),
        ...['ChangeMessageVisibility', 'DeleteMessage', 'ReceiveMessage'].map(
          (action) => `sqs:${action} on StreamGivenUp`,
        ),
        ...['GetRecords', 'GetShardIterator'].map((action) => `dynamodb:${action} on ItemsTable/stream`),
        'events:PutEvents on event-bus/default',
      ],
    ],
    [
      'Scheduler',
      [
        ...LOGS,
        ...PAYLOADS,
        ...SEND,
        ...items('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'),
        ...['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
          (action) => `dynamodb:${action} on ItemsTable/stream`,
        ),
        // The event source notes there what it gave up; the library asks for all three.
        ...['GetQueueAttributes', 'GetQueueUrl', 'SendMessage'].map((action) => `sqs:${action} on StreamGivenUp`),
      ],
    ],
    [
      'NodeRunner',
      [
        ...LOGS,
        ...PAYLOADS,
        ...SEND,
        ...items('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'),
        ...consume('PooldefaultQueue', 'PoolslowQueue'),
        'lambda:InvokeFunction on NodeRunner:*',
      ],
    ],
    [
      'DeadLetter',
      [
        ...LOGS,
        ...PAYLOADS,
        ...SEND,
        ...items('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'),
        ...consume('PooldefaultDeadLetterQueue', 'PoolslowDeadLetterQueue'),
      ],
    ],
    [
      'Sweep',
      [
        ...LOGS,
        ...PAYLOADS,
        ...SEND,
        ...items('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'),
        'dynamodb:Query on ItemsTable/index/due',
        'dynamodb:Query on ItemsTable/index/byWorkflow',
        // Lambda notes there that it failed.
        ...['GetQueueAttributes', 'GetQueueUrl', 'SendMessage'].map((action) => `sqs:${action} on UndeliveredQueue`),
      ],
    ],
    [
      'Observer',
      [
        ...LOGS,
        ...items('Query', 'PutItem', 'GetItem'),
        'events:PutEvents on event-bus/default',
        ...['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
          (action) => `dynamodb:${action} on ItemsTable/stream`,
        ),
        ...['GetQueueAttributes', 'GetQueueUrl', 'SendMessage'].map((action) => `sqs:${action} on StreamGivenUp`),
      ],
    ],
  ])('%s', (role, expected) => {
    expect(permissionsOf(role)).toEqual(expected.toSorted());
  });
});

describe('the observer', () => {
  const observer = (lifecycleEvents: LifecycleEventsProps | false) => {
    const { template: other, outdir: folder } = synthesized({ lifecycleEvents });
    rmSync(folder, { recursive: true });
    return permissionsOf('Observer', other);
  };

  it('may put events on the bus it was given, and on no other', () => {
    const arn = 'arn:aws:events:eu-west-1:111122223333:event-bus/orders';
    const permissions = observer({ bus: EventBus.fromEventBusArn(new Stack(), 'Bus', arn) });

    expect(permissions.filter((permission) => permission.startsWith('events:'))).toEqual([
      'events:PutEvents on event-bus/orders',
    ]);
  });

  it('may neither put events nor read single items where none are sent', () => {
    const permissions = observer(false);

    expect(permissions.filter((permission) => /events:|GetItem/.test(permission))).toEqual([]);
    expect(permissions).toContain('dynamodb:Query on ItemsTable');
  });
});

/** Patterns that grants need, each with its reason. A grant with another is refused. */
const WILDCARDS: Readonly<Record<string, string>> = {
  'lambda:InvokeFunction on NodeRunner:*':
    'its published versions, which nobody knows in advance; not what is deployed now',
  's3:GetObject on PayloadsBucket/*': 'keys are made of ids and of what they hold; the bucket is for nothing else',
  's3:PutObject on PayloadsBucket/*': 'the same',
};

it('no grant is for actions by a pattern, and none for resources by one without a reason', () => {
  const all = grantsOf(template);
  const withPattern = all.flatMap(({ actions, resources }) =>
    resources
      .filter((resource) => JSON.stringify(resource).includes('*'))
      .flatMap((resource) => actions.map((action) => `${action} on ${nameOf(resource)}`)),
  );

  expect(all.length).toBeGreaterThan(10);
  expect(all.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
  expect([...new Set(withPattern)].sort()).toEqual(Object.keys(WILDCARDS).sort());
  expect(all.every(({ effect }) => effect === 'Allow')).toBe(true);
});

describe('with workflows that events start', () => {
  const triggers = [{ id: 'told', type: 'event' as const, pattern: { source: ['tests'] } }];
  const triggered = { name: 'triggered', nodes: { a: { type: 'transform' as const, output: 1 } }, triggers };
  const { template: other, outdir: folder } = synthesized({ workflows: [triggered] });
  rmSync(folder, { recursive: true });

  it('no grant needs another pattern', () => {
    const grants = grantsOf(other);
    const withPattern = grants.flatMap(({ actions, resources }) =>
      resources
        .filter((resource) => JSON.stringify(resource).includes('*'))
        .flatMap((resource) => actions.map((action) => `${action} on ${nameOf(resource)}`)),
    );

    expect(grants.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
    expect([...new Set(withPattern)].sort()).toEqual(Object.keys(WILDCARDS).sort());
  });

  it('no role has a managed policy but the one that the library makes to publish them', () => {
    const roles = Object.entries(other.findResources('AWS::IAM::Role'));
    const managed = roles.filter(([, { Properties }]) => Properties.ManagedPolicyArns !== undefined);

    expect(roles.length).toBeGreaterThan(6);
    // It runs while the stack is deployed, and may write its log.
    expect(managed.map(([id]) => id)).toEqual([expect.stringMatching(/^AWSCDKTriggerCustomResourceProvider/)]);
    expect(JSON.stringify(managed)).toContain('AWSLambdaBasicExecutionRole');
  });
});

it('no role has a managed policy', () => {
  const roles = Object.values(template.findResources('AWS::IAM::Role'));

  expect(roles).toHaveLength(6);
  expect(roles.filter(({ Properties }) => Properties.ManagedPolicyArns !== undefined)).toEqual([]);
});
