import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';

const KEY = { pk: 'P', sk: 'A' };
const client = new DynamoDBClient({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'a' } });
const dynamo = mockClient(DynamoDBDocumentClient);
const table = new DynamoItemTable({ client, tableName: 'table', retryDelayMs: 1 });

const keyOf = (n: number) => ({ pk: 'P', sk: String(n) });

function serviceError(name: string, httpStatusCode: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

beforeEach(() => {
  dynamo.reset();
});

describe('DynamoItemTable', () => {
  it.each([
    ['throttling', serviceError('ProvisionedThroughputExceededException', 400)],
    ['an account limit', serviceError('RequestLimitExceeded', 400)],
    ['a fault of the service', serviceError('InternalServerError', 500)],
    ['a timeout', Object.assign(new Error('timed out'), { name: 'TimeoutError' })],
    ['a broken connection', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ])('reports %s as retryable, with its cause', async (_claim, cause) => {
    dynamo.on(PutCommand).rejects(cause).on(GetCommand).rejects(cause).on(QueryCommand).rejects(cause);

    const expected = {
      code: 'TABLE_UNAVAILABLE',
      retryable: true,
      cause: expect.objectContaining({ message: cause.message }),
    };
    await expect(table.put(KEY)).rejects.toMatchObject(expected);
    await expect(table.get(KEY)).rejects.toMatchObject(expected);
    await expect(table.query('P')).rejects.toMatchObject(expected);
    await expect(table.queryDue('shard', 1, 1)).rejects.toMatchObject(expected);
  });

  it('reports what DynamoDB refused as not retryable', async () => {
    const cause = serviceError('ResourceNotFoundException', 400, 'Requested resource not found');
    dynamo.on(UpdateCommand).rejects(cause).on(BatchGetCommand).rejects(cause);

    const expected = {
      code: 'TABLE_REJECTED',
      retryable: false,
      message: expect.stringContaining('Requested resource not found'),
    };
    await expect(table.update(KEY, { set: { a: 1 } })).rejects.toMatchObject(expected);
    await expect(table.getMany([KEY])).rejects.toMatchObject(expected);
  });

  it('asks again for the keys that a batch left unprocessed, and only for them', async () => {
    const [first, second, third] = [keyOf(1), keyOf(2), keyOf(3)];
    dynamo
      .on(BatchGetCommand)
      .resolvesOnce({ Responses: { table: [first] }, UnprocessedKeys: { table: { Keys: [second, third] } } })
      .resolvesOnce({ UnprocessedKeys: { table: { Keys: [second, third] } } })
      .resolves({ Responses: { table: [second, third] } });

    const items = await table.getMany([first, second, third]);

    expect(items.map(({ sk }) => sk)).toStrictEqual(['1', '2', '3']);
    expect(dynamo.commandCalls(BatchGetCommand)[1]?.args[0].input.RequestItems).toMatchObject({
      table: { Keys: [second, third], ConsistentRead: true },
    });
  });

  it('gives up, retryably, on keys that stay unprocessed', async () => {
    dynamo.on(BatchGetCommand).resolves({ UnprocessedKeys: { table: { Keys: [keyOf(1)] } } });

    await expect(table.getMany([keyOf(1)])).rejects.toMatchObject({ code: 'TABLE_UNAVAILABLE', retryable: true });
  });

  it('reads an index over several pages up to the limit', async () => {
    dynamo
      .on(QueryCommand)
      .resolvesOnce({ Items: [keyOf(1)], LastEvaluatedKey: keyOf(1) })
      .resolvesOnce({ Items: [], LastEvaluatedKey: keyOf(1) })
      .resolves({ Items: [keyOf(2)], LastEvaluatedKey: keyOf(2) });

    const due = await table.queryDue('shard', 1, 2);

    expect(due.map(({ sk }) => sk)).toStrictEqual(['1', '2']);
    expect(dynamo.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit)).toStrictEqual([2, 1, 1]);
  });

  it('puts no value and no name into the text of an expression', async () => {
    dynamo.on(UpdateCommand).resolves({});
    const hostile = 'x = y OR attribute_exists(pk)';

    await table.update(
      KEY,
      { set: { [hostile]: hostile }, addToSet: { 'a b': [hostile] }, remove: ['size'] },
      { kind: 'isOneOf', attribute: hostile, values: [hostile] },
    );

    const { UpdateExpression, ConditionExpression } = dynamo.commandCalls(UpdateCommand)[0]?.args[0].input ?? {};
    expect(UpdateExpression).toMatch(/^SET #n\d = :v\d REMOVE #n\d ADD #n\d :v\d$/);
    expect(ConditionExpression).toMatch(/^#n\d IN \(:v\d\)$/);
  });

  it.each([
    ['with a set of numbers', { ...keyOf(1), map: { numbers: new Set([1]) } }, "'map'"],
    ['without a sort key', { pk: 'P' }, 'no pk or sk'],
  ])('reports an item that is not ours: %s', async (_claim, Item, problem) => {
    dynamo.on(GetCommand).resolves({ Item });

    await expect(table.get(KEY)).rejects.toMatchObject({
      code: 'CORRUPT_ITEM',
      message: expect.stringContaining(problem),
    });
  });
});
