import { rmSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { LifecycleEventsProps } from '../../infra/constructs/lifecycle-bus.ts';
import { synthesized } from './synthesized.ts';

const Statement = z.object({
  Effect: z.string(),
  Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
  Resource: z.unknown().transform((resource) => (Array.isArray(resource) ? resource : [resource])),
});
const Policy = z.object({
  Roles: z.array(z.object({ Ref: z.string() })),
  PolicyDocument: z.object({ Statement: z.array(Statement) }),
});

const { template, outdir } = synthesized({ pools: { slow: {} } });
rmSync(outdir, { recursive: true });
const policiesOf = (of: Template) =>
  Object.values(of.findResources('AWS::IAM::Policy')).map(({ Properties }) => Policy.parse(Properties));
const policies = policiesOf(template);

/** What a function's role may do, as `action on resource`. */
function permissionsOf(role: string, all = policies): string[] {
  const own = all.filter(({ Roles }) => Roles.some(({ Ref }) => Ref.includes(`Executor${role}Role`)));
  const statements = own.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  const permissions = statements.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => Resource.map((resource) => `${action} on ${nameOf(resource)}`)),
  );
  return [...new Set(permissions)].sort();
}

/** The construct a resource belongs to, and what follows its ARN. */
function nameOf(resource: unknown): string {
  const text = JSON.stringify(resource);
  const name =
    /(ItemsTable|PayloadsBucket|Pool(?:default|slow)(?:DeadLetter|Unsettled)?Queue|StreamGivenUp|Logs|event-bus\/\w+)/.exec(
      text,
    )?.[1] ?? text;
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
        ...SEND,
        ...['default', 'slow'].flatMap((pool) =>
          ['ChangeMessageVisibility', 'DeleteMessage', 'ReceiveMessage'].map(
            (action) => `sqs:${action} on Pool${pool}UnsettledQueue`,
          ),
        ),
        ...['ChangeMessageVisibility', 'ReceiveMessage'].map((action) => `sqs:${action} on StreamGivenUp`),
      ],
    ],
    [
      'Scheduler',
      [
        ...LOGS,
        ...PAYLOADS,
        ...SEND,
        ...items('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'),
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
      ],
    ],
    [
      'DeadLetter',
      [
        ...LOGS,
        ...PAYLOADS,
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
      ],
    ],
    [
      'Observer',
      [
        ...LOGS,
        ...PAYLOADS,
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
    return permissionsOf('Observer', policiesOf(other));
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

it('no statement is about every resource, and none allows actions by a pattern', () => {
  const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);

  expect(statements.length).toBeGreaterThan(10);
  expect(statements.filter(({ Resource }) => Resource.includes('*'))).toEqual([]);
  expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
});

it('no role has a managed policy', () => {
  const roles = Object.values(template.findResources('AWS::IAM::Role'));

  expect(roles).toHaveLength(6);
  expect(roles.filter(({ Properties }) => Properties.ManagedPolicyArns !== undefined)).toEqual([]);
});
