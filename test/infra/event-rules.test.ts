import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { BusEvent } from '../../infra/local/bus-event.ts';
import {
  type Emulator,
  LOCAL_CREDENTIALS,
  LOCAL_REGION,
  queueUrlAt,
  startFauxqs,
} from '../../infra/local/emulators.ts';
import { startEventBridge } from '../../infra/local/event-bridge.ts';
import { EventRouter } from '../../infra/local/event-router.ts';
import { disturb } from '../../infra/local/faults.ts';
import { finder } from '../../infra/local/find-function.ts';
import { LocalFunction } from '../../infra/local/local-function.ts';
import type { LoopbackServer } from '../../infra/local/loopback-server.ts';
import { PublishedVersions } from '../../infra/local/published-versions.ts';
import { readResources } from '../../infra/local/read-resources.ts';
import { startRules } from '../../infra/local/rules.ts';
import { Template } from '../../infra/local/template.ts';

const target = (logicalId: string, more = {}) => ({ Arn: { 'Fn::GetAtt': [logicalId, 'Arn'] }, ...more });
const rule = (Properties: object) => ({ Type: 'AWS::Events::Rule', Properties });
const ofDetail = (kind: string) => ({ source: ['tests'], detail: { kind: [kind] } });

/** As CloudFormation has them: a queue, two functions, a bus of its own, and rules. */
const Resources = {
  Heard: { Type: 'AWS::SQS::Queue' },
  Reactor: { Type: 'AWS::Lambda::Function', Properties: code() },
  Failing: { Type: 'AWS::Lambda::Function', Properties: code() },
  FailingConfig: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      ...{ FunctionName: { Ref: 'Failing' }, MaximumRetryAttempts: 1, Qualifier: '$LATEST' },
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Heard', 'Arn'] } } },
    },
  },
  Orders: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
  ToQueue: rule({
    State: 'ENABLED',
    EventPattern: ofDetail('queue'),
    Targets: [target('Heard', { Id: '1', RetryPolicy: {} })],
  }),
  OfBus: rule({ EventBusName: { Ref: 'Orders' }, EventPattern: ofDetail('bus'), Targets: [target('Heard')] }),
  OfBusArn: rule({
    EventBusName: { 'Fn::GetAtt': ['Orders', 'Arn'] },
    EventPattern: ofDetail('arn'),
    Targets: [target('Heard')],
  }),
  Off: rule({ State: 'DISABLED', EventPattern: { source: ['tests'] }, Targets: [target('Heard')] }),
  Parts: rule({
    EventPattern: ofDetail('parts'),
    Targets: [
      target('Heard', { InputPath: '$.detail.part' }),
      target('Heard', { InputPath: '$.detail.absent' }),
      target('Heard', { Input: '{"fixed":true}' }),
    ],
  }),
  Topic: { Type: 'AWS::SNS::Topic' },
  ToTopic: rule({ EventPattern: ofDetail('topic'), Targets: [{ Arn: { Ref: 'Topic' } }] }),
  ToFunctions: rule({ EventPattern: ofDetail('functions'), Targets: [target('Reactor'), target('Failing')] }),
};

function code() {
  return { Code: { S3Bucket: 'assets', S3Key: 'x.zip' }, Handler: 'index.handler' };
}

describe('rules on the local stack', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-rules-'));
  const lines: string[] = [];
  const log = (source: string, line: string) => void lines.push(`[${source}] ${line}`);
  let fauxqs: Emulator;
  let server: LoopbackServer;
  let router: EventRouter;
  let functions: LocalFunction[];
  let sqs: SQSClient;
  let events: EventBridgeClient;
  let endRules: () => void;
  beforeAll(async () => {
    fauxqs = await startFauxqs();
    const resources = readResources(Template.parse({ Resources }), fauxqs.endpoint);
    const common = { region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS };
    sqs = new SQSClient({ ...common, endpoint: fauxqs.endpoint });
    await sqs.send(new CreateQueueCommand({ QueueName: 'Heard' }));
    functions = [
      aFunction('Reactor', 'export const handler = async (event) => console.log(JSON.stringify(event));'),
      aFunction('Failing', 'export const handler = async () => { throw new Error("no"); };'),
    ];
    const buses = resources.buses.map(({ properties }) => properties.Name);
    router = new EventRouter({
      buses,
      deliveries: disturb({})('EventBridge'),
      log: (line) => log('EventBridge', line),
    });
    endRules = startRules(
      {
        ...{
          resources,
          sqs,
          log,
          find: finder(resources, functions, new PublishedVersions()),
          deliveriesOf: disturb({}),
        },
        queueUrlOf: (id) => queueUrlAt(fauxqs.endpoint, id),
      },
      router,
    );
    server = await startEventBridge(router);
    events = new EventBridgeClient({ ...common, endpoint: server.endpoint });
  });
  afterAll(async () => {
    endRules();
    events.destroy();
    sqs.destroy();
    await Promise.all([router.stop(), ...functions.map((one) => one.stop())]);
    await server.stop();
    await fauxqs.stop();
    rmSync(folder, { recursive: true });
  });

  function aFunction(label: string, source: string): LocalFunction {
    const file = join(folder, `${label}.mjs`);
    writeFileSync(file, source);
    return new LocalFunction({
      ...{ label, file, exportName: 'handler', functionName: label, functionArn: label, env: {}, memoryMb: 128 },
      ...{ timeoutSeconds: 5, maxWorkers: 1, log: (line: string) => log(label, line) },
    });
  }

  const put = (kind: string, overrides: Partial<PutEventsRequestEntry> = {}) =>
    events.send(
      new PutEventsCommand({
        Entries: [{ Source: 'tests', DetailType: 'T', Detail: JSON.stringify({ kind, part: { n: 1 } }), ...overrides }],
      }),
    );
  async function heard(count: number): Promise<unknown[]> {
    const bodies: unknown[] = [];
    while (bodies.length < count) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrlAt(fauxqs.endpoint, 'Heard'),
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 1,
        }),
      );
      bodies.push(...Messages.map(({ Body = '' }) => JSON.parse(Body)));
    }
    return bodies;
  }

  it('bring what matches to a queue, whole, and nothing else', async () => {
    const { Entries } = await put('queue', { Resources: ['arn:x'], Time: new Date('2026-01-31T12:00:00.9Z') });
    await put('nothing asks for this');

    expect(await heard(1)).toEqual([
      {
        version: '0',
        id: Entries?.[0]?.EventId ?? 'none',
        source: 'tests',
        'detail-type': 'T',
        account: '000000000000',
        region: 'us-east-1',
        time: '2026-01-31T12:00:00Z',
        resources: ['arn:x'],
        detail: { kind: 'queue', part: { n: 1 } },
      } satisfies BusEvent,
    ]);
  });

  it('bring text to a queue as it is, also what fauxqs takes for no Unicode', async () => {
    await put('parts', { Detail: JSON.stringify({ kind: 'parts', part: { key: 'in/日本/😀 "x".csv' } }) });

    expect(await heard(3)).toContainEqual({ key: 'in/日本/😀 "x".csv' });
  });

  it('say where an event goes that nothing here takes', async () => {
    await put('topic');

    await expect.poll(() => lines).toContain('[EventBridge] an event goes nowhere: not-made-here:Topic');
  });

  it('hear their own bus only, by its name or its ARN', async () => {
    await put('bus');
    await put('queue', { EventBusName: 'orders' });
    await put('bus', { EventBusName: 'arn:aws:events:us-east-1:000000000000:event-bus/orders' });
    await put('arn', { EventBusName: 'orders' });

    const kinds = z.array(z.object({ detail: z.object({ kind: z.string() }) })).parse(await heard(2));
    expect(kinds.map(({ detail }) => detail.kind).sort()).toEqual(['arn', 'bus']);
  });

  it('hand over a part of the event, or something else in its place', async () => {
    await put('parts');

    const bodies = await heard(3);

    expect(bodies).toHaveLength(3);
    expect(bodies).toEqual(expect.arrayContaining([{ n: 1 }, null, { fixed: true }]));
  });

  it('invoke functions, and one that fails as often as it says, and tell its destination', async () => {
    await put('functions');

    expect(await heard(1)).toEqual([
      {
        version: '1.0',
        timestamp: expect.any(String),
        requestContext: {
          requestId: expect.any(String),
          functionArn: 'Failing:$LATEST',
          condition: 'RetriesExhausted',
          approximateInvokeCount: 2,
        },
        requestPayload: expect.objectContaining({ detail: { kind: 'functions', part: { n: 1 } } }),
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorMessage: expect.stringContaining('Error: no') },
      },
    ]);
    expect(lines).toContain('[Failing] an event was given up (RetriesExhausted)');
    expect(lines).toContainEqual(expect.stringMatching(/^\[Reactor\] \{.*"kind":"functions"/));
    expect(functions.map(({ invocations }) => invocations)).toEqual([1, 2]);
  });

  it.each([
    [{ Source: '' }, 'InvalidArgument'],
    [{ DetailType: '' }, 'InvalidArgument'],
    [{ Detail: '{' }, 'MalformedDetail'],
    [{ Detail: '[1]' }, 'MalformedDetail'],
    [{ Source: 'aws.ec2' }, 'NotAuthorizedForSourceException'],
  ])('refuse %j as EventBridge does', async (overrides: Partial<PutEventsRequestEntry>, ErrorCode) => {
    const { FailedEntryCount, Entries } = await put('queue', overrides);

    expect(FailedEntryCount).toBe(1);
    expect(Entries).toEqual([{ ErrorCode, ErrorMessage: expect.any(String) }]);
  });

  it('refuse a request with too many entries, or too much in them', async () => {
    const entry = { Source: 'tests', DetailType: 'T', Detail: '{}' };
    const Detail = JSON.stringify({ text: 'x'.repeat(600_000) });

    await expect(events.send(new PutEventsCommand({ Entries: Array(11).fill(entry) }))).rejects.toThrow(/10/);
    await expect(
      events.send(new PutEventsCommand({ Entries: Array(2).fill({ ...entry, Detail }) })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('reading rules from a template', () => {
  const options = (properties: object) => {
    const { Heard, Reactor, Orders } = Resources;
    const template = Template.parse({ Resources: { Heard, Reactor, Orders, Rule: rule(properties) } });
    return { resources: readResources(template, 'http://127.0.0.1:1'), sqs: new SQSClient({ region: LOCAL_REGION }) };
  };
  const start = (properties: object) => {
    const { resources, sqs } = options(properties);
    const router = new EventRouter({ buses: [], deliveries: disturb({})('EventBridge'), log: () => undefined });
    const find = finder(resources, [], new PublishedVersions());
    startRules(
      { resources, sqs, find, queueUrlOf: (id) => id, deliveriesOf: disturb({}), log: () => undefined },
      router,
    );
  };

  it('throws for what they ask for and is not done', () => {
    const pattern = { EventPattern: { source: ['x'] } };

    expect(() => options({ ...pattern, Targets: [target('Heard', { HttpParameters: {} })] })).toThrow(
      /Targets\.0\.HttpParameters is not known/,
    );
    expect(() => options({ ...pattern, Targets: [target('Heard', { InputPath: '$.list[0]' })] })).toThrow(
      /Targets\.0\.InputPath: only paths of names/,
    );
    expect(() => options({ ...pattern, RoleArn: 'x', Targets: [] })).toThrow(/RoleArn is not known/);
    expect(() => start({ EventPattern: { source: [{ like: 'x' }] }, Targets: [] })).toThrow(/is no comparison known/);
    expect(() => start({ ...pattern, Targets: [{ Arn: 'arn:aws:sns:x' }] })).toThrow(/neither a queue nor a function/);
  });
});
