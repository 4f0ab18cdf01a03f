import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventBridgeSink } from '../../shared/adapters/aws/eventbridge-sink.ts';

const client = new EventBridgeClient({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'a' } });
const bus = mockClient(client);
const sink = new EventBridgeSink({ client, bus: 'default', retryDelayMs: 1 });

const events = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ source: 's', detailType: 't', atMs: 0, detail: { n } }));
const puts = () =>
  bus
    .commandCalls(PutEventsCommand)
    .map(({ args }) => (args[0].input.Entries ?? []).map(({ Detail = '' }) => JSON.parse(Detail).n));
const taken = { EventId: 'id' };
const throttled = { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' };
const malformed = { ErrorCode: 'MalformedDetail', ErrorMessage: 'no' };
const serviceError = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

beforeEach(() => {
  bus.reset();
});

describe('EventBridgeSink', () => {
  it('puts again only what was throttled, and gives back what is refused for good', async () => {
    bus
      .on(PutEventsCommand)
      .resolvesOnce({ FailedEntryCount: 3, Entries: [taken, throttled, malformed, { ErrorCode: 'InternalFailure' }] })
      .resolvesOnce({ FailedEntryCount: 1, Entries: [taken, throttled] })
      .resolves({ FailedEntryCount: 0, Entries: [taken] });
    const four = events(4);

    const refused = await sink.put(four);

    expect(puts()).toEqual([[0, 1, 2, 3], [1, 3], [3]]);
    expect(refused).toEqual([{ event: four[2], reason: 'MalformedDetail no' }]);
  });

  it('throws, retryably, when events are throttled again and again', async () => {
    bus.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [throttled] });

    await expect(sink.put(events(1))).rejects.toMatchObject({
      code: 'EVENTS_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('ThrottlingException'),
    });
    expect(puts()).toHaveLength(4);
  });

  it.each([
    serviceError('ThrottlingException', 400),
    serviceError('InternalException', 500),
    new Error('socket hang up'),
  ])('takes $name for what passes', async (error) => {
    bus.on(PutEventsCommand).rejects(error);

    await expect(sink.put(events(2))).rejects.toMatchObject({ code: 'EVENTS_UNAVAILABLE', retryable: true });
  });

  it('finds the one event for which a whole request is refused', async () => {
    bus.on(PutEventsCommand).callsFake(({ Entries }) => {
      if (Entries.some(({ Detail = '' }: { Detail?: string }) => JSON.parse(Detail).n === 1))
        throw serviceError('ValidationException', 400);
      return { Entries: Entries.map(() => taken) };
    });
    const three = events(3);

    const refused = await sink.put(three);

    expect(refused).toEqual([{ event: three[1], reason: 'ValidationException' }]);
    expect(puts()).toEqual([[0, 1, 2], [0], [1], [2]]);
  });
});
