import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DescribeStreamCommand, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAwsClients } from '../../shared/adapters/aws/clients.ts';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';
import { S3BlobStore } from '../../shared/adapters/aws/s3-blobs.ts';
import { SqsTaskQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { toChangeRecord } from '../../shared/adapters/aws/stream-record.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { type AwsEmulators, startAwsEmulators } from '../support/aws-emulators.ts';
import { blobsContract } from './blobs-contract.ts';
import { queueContract } from './queue-contract.ts';
import { tableContract } from './table-contract.ts';
import type { TableHarness } from './table-harness.ts';
import { tableProperties } from './table-properties.ts';

const TABLE = 'contract';
const BUCKET = 'contract';

const started = await startAwsEmulators();

describe.skipIf(started === undefined)('on Amazon DynamoDB Local and fauxqs', () => {
  let emulators: AwsEmulators;
  let tableHarness: TableHarness;
  beforeAll(async () => {
    if (started === undefined) throw new Error('Unreachable: the suite is skipped');
    emulators = started;
    const { streamArn } = await emulators.createTable(TABLE);
    await emulators.createBucket(BUCKET);
    tableHarness = createTableHarness(emulators, streamArn);
  });
  afterAll(() => emulators.stop());

  describe('DynamoItemTable', () => {
    tableContract(() => tableHarness);
    tableProperties(() => tableHarness, 40);
  });

  describe('S3BlobStore', () => {
    blobsContract(() => new S3BlobStore({ client: emulators.s3, bucket: BUCKET }));
  });

  describe('SqsTaskQueue', () => {
    queueContract(async () => {
      const pool = randomUUID();
      const queueUrls = await emulators.createPool(pool, { visibilitySeconds: 1, maxReceiveCount: 2 });
      return { queue: new SqsTaskQueue({ client: emulators.sqs, queueUrls }), pool };
    });
  });

  describe('createAwsClients', () => {
    it('takes region, credentials and endpoints from the environment', async () => {
      for (const [name, value] of Object.entries(emulators.env)) vi.stubEnv(name, value);
      const { dynamo, s3, sqs } = createAwsClients();
      const queueUrls = await emulators.createPool('from-env', { visibilitySeconds: 30, maxReceiveCount: 2 });
      const table = new DynamoItemTable({ client: dynamo, tableName: TABLE });
      const queue = new SqsTaskQueue({ client: sqs, queueUrls });
      const blobs = new S3BlobStore({ client: s3, bucket: BUCKET });

      await Promise.all([
        table.put({ pk: 'ENV', sk: 'A' }),
        queue.send('from-env', [{ body: '1' }]),
        blobs.put('from-env', new Uint8Array([1])),
      ]);

      expect(await table.get({ pk: 'ENV', sk: 'A' })).toStrictEqual({ pk: 'ENV', sk: 'A' });
      expect(await queue.receive('from-env')).toHaveLength(1);
      expect(await blobs.get('from-env')).toStrictEqual(new Uint8Array([1]));
      vi.unstubAllEnvs();
    });
  });
});

function createTableHarness({ dynamo, streams }: AwsEmulators, streamArn: string): TableHarness {
  const table = new DynamoItemTable({ client: dynamo, tableName: TABLE });
  const changes = new Map<string, ChangeRecord[]>();
  let iterators: readonly string[] | undefined;

  async function openShards(): Promise<string[]> {
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: streamArn }));
    return Promise.all(
      (StreamDescription?.Shards ?? []).map(async ({ ShardId = '' }) => {
        const command = new GetShardIteratorCommand({
          StreamArn: streamArn,
          ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        });
        return (await streams.send(command)).ShardIterator ?? '';
      }),
    );
  }

  async function readOn(): Promise<void> {
    iterators ??= await openShards();
    const next: string[] = [];
    for (const iterator of iterators) {
      const { Records = [], NextShardIterator } = await streams.send(
        new GetRecordsCommand({ ShardIterator: iterator }),
      );
      for (const streamRecord of Records) {
        const record = toChangeRecord(streamRecord);
        changes.set(record.key.pk, [...(changes.get(record.key.pk) ?? []), record]);
      }
      if (NextShardIterator !== undefined) next.push(NextShardIterator);
    }
    iterators = next;
  }

  return {
    table,
    async changesOf(pk) {
      // The stream lags; once a later write has come through it, everything before has.
      const marker = `MARKER#${randomUUID()}`;
      await table.put({ pk: marker, sk: 'A' });
      while (!changes.has(marker)) {
        await readOn();
        if (!changes.has(marker)) await delay(10);
      }
      return changes.get(pk) ?? [];
    },
  };
}
