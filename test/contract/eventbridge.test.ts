import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../infra/local/bus-event.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../infra/local/emulators.ts';
import { startEventBridge } from '../../infra/local/event-bridge.ts';
import { EventRouter } from '../../infra/local/event-router.ts';
import { disturb } from '../../infra/local/faults.ts';
import type { LoopbackServer } from '../../infra/local/loopback-server.ts';
import { EventBridgeSink } from '../../shared/adapters/aws/eventbridge-sink.ts';
import type { OutgoingEvent } from '../../shared/ports/event-sink.ts';

const BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/orders';

const anEvent = (overrides: Partial<OutgoingEvent> = {}): OutgoingEvent => ({
  source: 'tests',
  detailType: 'Something Happened',
  atMs: Date.UTC(2026, 0, 31, 12, 0, 0, 789),
  detail: { n: 1, absent: undefined },
  ...overrides,
});

describe('EventBridgeSink, against the local EventBridge', () => {
  const log: string[] = [];
  const router = new EventRouter({
    buses: ['orders'],
    deliveries: disturb({})('EventBridge'),
    log: (line) => log.push(line),
  });
  let received: BusEvent[] = [];
  let server: LoopbackServer;
  let client: EventBridgeClient;
  let sink: EventBridgeSink;
  beforeAll(async () => {
    router.addRule('orders', { source: [{ prefix: '' }] }, [async (event) => void received.push(event)]);
    server = await startEventBridge(router);
    client = new EventBridgeClient({
      region: LOCAL_REGION,
      credentials: LOCAL_CREDENTIALS,
      endpoint: server.endpoint,
      maxAttempts: 1,
    });
    sink = new EventBridgeSink({ client, bus: BUS, retryDelayMs: 1 });
  });
  beforeEach(() => {
    received = [];
    log.length = 0;
  });
  afterAll(async () => {
    client.destroy();
    await router.stop();
    await server.stop();
  });

  const arrived = (count: number) => expect.poll(() => received.length).toBe(count);

  it('puts an event on its bus, as its rules see it', async () => {
    const refused = await sink.put([anEvent()]);
    await arrived(1);

    expect(refused).toEqual([]);
    expect(received[0]).toMatchObject({
      version: '0',
      source: 'tests',
      'detail-type': 'Something Happened',
      time: '2026-01-31T12:00:00Z',
      detail: { n: 1 },
    });
  });

  it('puts more than a request takes, by number and by size', async () => {
    const many = Array.from({ length: 25 }, (_, n) => anEvent({ detail: { n } }));
    const large = Array.from({ length: 3 }, () => anEvent({ detail: { text: 'é'.repeat(240_000) } }));

    expect(await sink.put([...many, ...large])).toEqual([]);
    await arrived(28);

    expect(new Set(received.flatMap(({ detail }) => (typeof detail.n === 'number' ? [detail.n] : []))).size).toBe(25);
  });

  it('gives back what no bus takes, and puts its neighbours', async () => {
    const tooLarge = anEvent({ detail: { text: 'x'.repeat(1_048_576) } });
    const notOurs = anEvent({ source: 'aws.s3' });
    const nameless = anEvent({ detailType: '' });

    const refused = await sink.put([anEvent(), tooLarge, notOurs, nameless, anEvent()]);
    await arrived(2);

    expect(refused.map(({ event }) => event)).toEqual([tooLarge, notOurs, nameless]);
    expect(refused.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('1048624 bytes'),
      expect.stringContaining('NotAuthorizedForSource'),
      expect.stringContaining('DetailType is a required argument'),
    ]);
  });

  it('sends nothing where there is nothing to tell', async () => {
    expect(await sink.put([])).toEqual([]);
  });

  it('says, retryably, that a bus cannot be reached', async () => {
    const nowhere = new EventBridgeClient({
      region: LOCAL_REGION,
      credentials: LOCAL_CREDENTIALS,
      endpoint: 'http://127.0.0.1:1',
      maxAttempts: 1,
    });

    await expect(new EventBridgeSink({ client: nowhere, bus: BUS }).put([anEvent()])).rejects.toMatchObject({
      code: 'EVENTS_UNAVAILABLE',
      retryable: true,
    });
    nowhere.destroy();
  });

  it('hears nothing of a bus that does not exist, as on AWS; the local one says so', async () => {
    expect(await new EventBridgeSink({ client, bus: 'missing' }).put([anEvent()])).toEqual([]);

    expect(received).toEqual([]);
    expect(log).toEqual([expect.stringContaining("no bus 'missing'")]);
  });
});
