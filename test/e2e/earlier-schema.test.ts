import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';
import { S3BlobStore } from '../../shared/adapters/aws/s3-blobs.ts';
import { SqsTaskQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { SCHEMA_VERSION } from '../../shared/model/schema-version.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack, ended, request } from '../support/local-stack.ts';
import { loadFixture, type Recorded } from '../upgrade/load-fixture.ts';
import { workloads } from '../upgrade/workloads.ts';

/** Definitions first, then what the first record of META must find, then META: before it an execution does not exist. */
const placeOf = ({ pk, sk }: { readonly pk: string; readonly sk: string }): number =>
  pk.startsWith('EXEC#') ? (['STATE', 'META'].indexOf(sk) + 3) % 3 : -1;

describe.skipIf(!canRunEmulators())('what the version before has begun', () => {
  let stack: LocalStack;

  beforeAll(async () => {
    ({ stack } = await aLocalStack({ handlersEntry: join(import.meta.dirname, '../upgrade/handlers.ts') }));
    for (const execution of loadFixture(SCHEMA_VERSION - 1)) await restore(execution);
  }, 120_000);
  afterAll(() => stack?.stop());

  async function restore({ items, blobs, messages }: Recorded): Promise<void> {
    const { dynamo, s3, sqs } = stack.clients;
    const [tableName = ''] = stack.tableNames;
    const [bucket = ''] = stack.bucketNames;
    const table = new DynamoItemTable({ client: dynamo, tableName });
    const queue = new SqsTaskQueue({
      client: sqs,
      queueUrls: { default: stack.queueUrls['Pool-default/Queue'] ?? '' },
    });
    for (const [key, body] of Object.entries(blobs)) await new S3BlobStore({ client: s3, bucket }).put(key, body);
    for (const item of items.toSorted((a, b) => placeOf(a) - placeOf(b))) await table.put(item);
    for (const { pool, body, delayMs = 0 } of messages) await queue.send(pool, [{ body, delayMs }]);
  }

  it.each(workloads.map((workload) => [workload.start.executionId, workload] as const))(
    'goes on on the functions: %s',
    {
      timeout: 120_000,
    },
    async (executionId, { isPaused = false, ends }) => {
      if (isPaused) await request(stack, 'POST', `/executions/${executionId}/resume`);

      const { description, output } = await ended(stack, executionId);

      expect({ status: description.status, output }).toEqual({ status: ends.status, output: ends.output });
    },
  );
});
