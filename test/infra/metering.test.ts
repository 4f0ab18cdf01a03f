import { describe, expect, it } from 'vitest';
import { Ledger } from '../../infra/local/ledger.ts';
import { Meter } from '../../infra/local/metering.ts';

const RUNNER = 'aws-sdk-js/3.1 app/NodeRunner lang/js';
const message = (executionId: string) => JSON.stringify({ v: 1, executionId });

function aMeter() {
  const ledger = new Ledger();
  return { ledger, meter: new Meter(ledger) };
}

describe('the meter of the local stack', () => {
  it('notes what a request to the table consumed, and which function asked for which execution', () => {
    const { ledger, meter } = aMeter();
    const request = JSON.stringify({ Item: { pk: { S: 'EXEC#one' } } });
    const answer = JSON.stringify({ ConsumedCapacity: { TableName: 't', CapacityUnits: 3 } });

    meter.table({ operation: 'PutItem', userAgent: RUNNER, request, answer });

    expect(ledger.entriesOf('one')).toEqual([
      { operation: 'PutItem', caller: 'NodeRunner', executionIds: new Set(['one']), counts: { writeUnits: 3 } },
    ]);
  });

  it('knows a function by its name, whatever a library adds to it', () => {
    const { ledger, meter } = aMeter();
    const request = JSON.stringify({ Item: { pk: { S: 'EXEC#one' } } });
    const answer = JSON.stringify({ ConsumedCapacity: { CapacityUnits: 1 } });

    for (const app of ['Observer-PT-NO-OP-2.36.0-PTEnv-NA', 'Pool-default'])
      meter.table({ operation: 'PutItem', userAgent: `aws-sdk-js/3.1 app/${app} lang/js`, request, answer });

    expect(ledger.entriesOf('one').map(({ caller }) => caller)).toEqual(['Observer', 'Pool-default']);
  });

  it('adds up what the tables and keys of a batch consumed', () => {
    const { ledger, meter } = aMeter();
    const answer = JSON.stringify({ ConsumedCapacity: [{ CapacityUnits: 2 }, { CapacityUnits: 1.5 }] });

    meter.table({ operation: 'BatchGetItem', userAgent: RUNNER, request: '{"pk":{"S":"EXEC#one"}}', answer });

    expect(ledger.countsOf('one').readUnits).toBe(3.5);
  });

  it('bills keys of a batch that found nothing, which DynamoDB Local leaves out', () => {
    const { ledger, meter } = aMeter();
    const Keys = ['META', 'STATE', 'OTHER'].map((sk) => ({ pk: { S: 'EXEC#one' }, sk: { S: sk } }));
    const request = JSON.stringify({ RequestItems: { t: { Keys, ConsistentRead: true } } });
    const answer = JSON.stringify({
      ...{ Responses: { t: [Keys[0]] }, UnprocessedKeys: { t: { Keys: [Keys[2]] } } },
      ConsumedCapacity: [{ CapacityUnits: 1 }],
    });

    meter.table({ operation: 'BatchGetItem', userAgent: RUNNER, request, answer });

    expect(ledger.countsOf('one').readUnits).toBe(2);
  });

  it('bills a condition that did not hold by what stands', () => {
    const { ledger, meter } = aMeter();
    const Item = { pk: { S: 'EXEC#one' }, sk: { S: 'META' }, text: { S: 'x'.repeat(2_000) } };
    const answer = JSON.stringify({ __type: 'ConditionalCheckFailedException', Item });

    meter.table({ operation: 'UpdateItem', userAgent: RUNNER, request: '"EXEC#one"', answer });

    expect(ledger.countsOf('one').writeUnits).toBe(2);
  });

  it('follows messages of a queue from their sending to their removal, by their receipts', () => {
    const { ledger, meter } = aMeter();
    const Messages = [{ Body: message('one'), ReceiptHandle: 'receipt-1' }];
    const ask = (operation: string, request: unknown, answer: unknown = {}) =>
      meter.queue({
        ...{ operation, userAgent: undefined },
        ...{ request: JSON.stringify(request), answer: JSON.stringify(answer) },
      });

    ask('SendMessageBatch', { Entries: [{ MessageBody: message('one') }, { MessageBody: message('two') }] });
    ask('ReceiveMessage', {}, { Messages });
    ask('ReceiveMessage', {});
    ask('DeleteMessageBatch', { Entries: [{ ReceiptHandle: 'receipt-1' }] });

    // Half of the request that sent both, and two of its own. Nobody is billed here for having found nothing.
    expect(ledger.countsOf('one').queueRequests).toBe(2.5);
    expect(ledger.countsOf('two').queueRequests).toBe(0.5);
  });

  it('bills an invocation by memory and time, and one of the API as a request, too', () => {
    const { ledger, meter } = aMeter();
    const event = JSON.stringify({ routeKey: 'POST /executions', body: message('one') });

    meter.invocation({ functionLabel: 'ApiFunction', memoryMb: 512, event, durationMs: 99.2 });

    expect(ledger.entriesOf('one')[0]?.operation).toBe('Invoke POST /executions');
    expect(ledger.countsOf('one')).toMatchObject({ apiRequests: 1, invocations: 1, computeGbSeconds: 0.05 });
  });

  it('knows whose objects and events they are', () => {
    const { ledger, meter } = aMeter();

    meter.objects({ operation: 'PUT', userAgent: RUNNER, request: '/bucket/executions/one/a/1.1/x.json', answer: '' });
    meter.objects({ operation: 'GET', userAgent: RUNNER, request: '/bucket/executions/one/a/1.1/x.json', answer: '' });
    meter.event({ userAgent: RUNNER, request: message('one') });

    expect(ledger.countsOf('one')).toMatchObject({ objectPuts: 1, objectGets: 1, busEvents: 1 });
  });

  it('gives what was asked for only, if that was asked for', () => {
    const { ledger, meter } = aMeter();
    meter.event({ userAgent: RUNNER, request: message('one') });

    expect(ledger.countsOf('one', ({ caller }) => caller !== 'NodeRunner').busEvents).toBe(0);
  });
});
