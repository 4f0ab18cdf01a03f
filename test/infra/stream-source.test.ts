import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../infra/local/emulators.ts';
import { type Disturbance, disturb } from '../../infra/local/faults.ts';
import { LocalFunction } from '../../infra/local/local-function.ts';
import { RESOURCE_SCHEMAS } from '../../infra/local/resource-schemas.ts';
import { StreamSource } from '../../infra/local/stream-source.ts';
import { startTableProxy } from '../../infra/local/table-proxy.ts';
import { type AwsEmulators, canRunEmulators, startAwsEmulators } from '../support/aws-emulators.ts';

const HANDLER = `export const handler = async ({ Records }) => {
  console.log(JSON.stringify({ atMs: Date.now(), items: Records.map(({ dynamodb }) => dynamodb.NewImage) }));
};`;
const Line = z.object({
  atMs: z.number(),
  items: z.array(z.object({ pk: z.object({ S: z.string() }), n: z.object({ N: z.string() }) })),
});

describe.skipIf(!canRunEmulators())('a stream that feeds a function', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-stream-source-'));
  const file = join(folder, 'index.mjs');
  writeFileSync(file, HANDLER);
  let emulators: AwsEmulators | undefined;
  const stops: (() => Promise<unknown>)[] = [];
  let tables = 0;
  beforeAll(async () => {
    emulators = await startAwsEmulators();
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  afterAll(async () => {
    await emulators?.stop();
    rmSync(folder, { recursive: true });
  });

  function running(): AwsEmulators {
    if (emulators === undefined) throw new Error('There are no emulators');
    return emulators;
  }

  /** A table whose changes are handed to a function that prints them. */
  async function aFedTable(settings: object, disturbance: Disturbance = {}) {
    const { dynamo, streams, createTable } = running();
    const tableName = `table-${tables++}`;
    const { streamArn } = await createTable(tableName);
    const lines: z.infer<typeof Line>[] = [];
    const target = new LocalFunction({
      ...{ label: 'Tested', file, exportName: 'handler', functionName: 'F', functionArn: 'arn:F', memoryMb: 128 },
      ...{ env: {}, timeoutSeconds: 5, maxWorkers: 4 },
      log: (line) => void (line.startsWith('{"atMs"') && lines.push(Line.parse(JSON.parse(line)))),
    });
    const source = new StreamSource({
      ...{ streams, streamArn, function: target, log: () => undefined },
      settings: RESOURCE_SCHEMAS['AWS::Lambda::EventSourceMapping'].parse({
        ...{ BatchSize: 5, EventSourceArn: 'arn:stream', FunctionName: 'F', StartingPosition: 'TRIM_HORIZON' },
        ...settings,
      }),
      deliveries: disturb({ seed: 3, ...disturbance })('tested'),
      onGivenUp: async () => undefined,
    });
    stops.push(() => Promise.all([source.stop(), target.stop()]));
    const put = (pk: string, n: number, client = dynamo) =>
      client.send(
        new PutItemCommand({ TableName: tableName, Item: { pk: { S: pk }, sk: { S: 'one' }, n: { N: String(n) } } }),
      );
    const numbersOf = (pk: string) =>
      lines.flatMap(({ items }) => items.flatMap((item) => (item.pk.S === pk ? [Number(item.n.N)] : [])));
    return { tableName, source, target, put, lines, numbersOf };
  }

  it('keeps the order of each item, beside others and through every fault', async () => {
    const { put, source, numbersOf } = await aFedTable(
      { ParallelizationFactor: 4 },
      { faults: { duplicate: 0.2, delay: 20, reorder: 1, crash: 0.05, throttle: 0.2 } },
    );
    const keys = ['a', 'b', 'c', 'd', 'e'];

    for (let n = 0; n < 20; n++) await Promise.all(keys.map((key) => put(key, n)));
    await expect.poll(() => source.status, { timeout: 40_000 }).toMatchObject({ settled: 100, waiting: 0 });

    for (const key of keys) {
      const firstSeen = [...new Set(numbersOf(key))];
      expect(firstSeen).toEqual(Array.from({ length: 20 }, (_, n) => n));
    }
  });

  it('hands over what its filter wants, and counts the rest', async () => {
    const Filters = [{ Pattern: JSON.stringify({ dynamodb: { NewImage: { n: { N: ['1'] } } } }) }];
    const { put, source, numbersOf } = await aFedTable({ FilterCriteria: { Filters } });

    for (let n = 0; n < 3; n++) await put('a', n);

    await expect.poll(() => source.status, { timeout: 20_000 }).toMatchObject({ settled: 1, filtered: 2, givenUp: 0 });
    expect(numbersOf('a')).toEqual([1]);
  });

  it('takes as long as on AWS where that is asked for, and keeps the order', async () => {
    const { put, source, lines, numbersOf } = await aFedTable({ BatchSize: 1 }, { latency: 'aws' });
    const putAtMs = Date.now();

    for (let n = 0; n < 10; n++) await put('a', n);
    await expect.poll(() => source.status, { timeout: 20_000 }).toMatchObject({ settled: 10 });

    expect(numbersOf('a')).toEqual(Array.from({ length: 10 }, (_, n) => n));
    // Less than 1 of 10,000 would be sooner.
    expect((lines[0]?.atMs ?? 0) - putAtMs).toBeGreaterThan(40);
  });

  it('has its writers wait, or refused, where that is asked for', async () => {
    const { put, tableName } = await aFedTable({});
    const through = async (disturbance: Disturbance) => {
      const proxy = await startTableProxy({
        endpoint: running().endpoints.dynamo,
        deliveries: disturb({ seed: 1, ...disturbance })('DynamoDB'),
      });
      const client = new DynamoDBClient({
        ...{ region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, endpoint: proxy.endpoint, maxAttempts: 1 },
      });
      stops.push(async () => client.destroy(), proxy.stop);
      return client;
    };
    const slow = await through({ latency: 'aws' });
    const throttled = await through({ faults: { throttle: 1 } });

    const startedMs = performance.now();
    await put('a', 1, slow);
    const tookMs = performance.now() - startedMs;

    expect(tookMs).toBeGreaterThan(4);
    await expect(put('a', 2, throttled)).rejects.toMatchObject({ name: 'ThrottlingException' });
    const Key = { pk: { S: 'a' }, sk: { S: 'one' } };
    const { Item } = await throttled.send(new GetItemCommand({ TableName: tableName, Key }));
    expect(Item?.n).toEqual({ N: '1' });
  });
});
