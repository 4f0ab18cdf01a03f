import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  assertJava,
  LOCAL_CREDENTIALS,
  LOCAL_REGION,
  launchDynamoDbLocal,
  queueUrlAt,
  startFauxqs,
} from '../../infra/local/emulators.ts';
import { DUE_INDEX, LISTING_INDEX } from '../../shared/adapters/aws/dynamo-table.ts';
import { describeCause } from '../../shared/errors.ts';
import { LISTED_ATTRIBUTES } from '../../shared/ports/item-table.ts';
import { deadLetterPool } from '../../shared/ports/task-queue.ts';

export interface QueueSettings {
  readonly visibilitySeconds: number;
  readonly maxReceiveCount: number;
}

/** Amazon's DynamoDB Local and fauxqs (SQS and S3), each on a free port. */
export interface AwsEmulators extends AsyncDisposable {
  readonly endpoints: { readonly dynamo: string; readonly sqs: string; readonly s3: string };
  /** What the SDK reads in another process, or after `vi.stubEnv`. */
  readonly env: Readonly<Record<string, string>>;
  readonly dynamo: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  /** Makes the one table, with its stream and its `due` index; gives the stream's ARN. */
  createTable(name: string): Promise<{ streamArn: string }>;
  /** Makes a pool's queue and its dead-letter queue; gives the URL of both by pool. */
  createPool(pool: string, settings: QueueSettings): Promise<Record<string, string>>;
  createBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the emulators. Without Java it gives `undefined` and says so in one line, so that suites can be skipped on a
 * laptop; with `CI=true` it throws.
 */
export async function startAwsEmulators(): Promise<AwsEmulators | undefined> {
  if (!canRunEmulators()) return undefined;
  const [dynamoLocal, fauxqs] = await Promise.all([launchDynamoDbLocal(), startFauxqs()]);
  await dynamoLocal.whenReady();
  const endpoints = { dynamo: dynamoLocal.endpoint, sqs: fauxqs.endpoint, s3: fauxqs.endpoint };
  const common = { region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS };
  const dynamo = new DynamoDBClient({ ...common, endpoint: endpoints.dynamo });
  const streams = new DynamoDBStreamsClient({ ...common, endpoint: endpoints.dynamo });
  const sqs = new SQSClient({ ...common, endpoint: endpoints.sqs });
  const s3 = new S3Client({ ...common, endpoint: endpoints.s3 });
  const stop = async () => {
    for (const client of [dynamo, streams, sqs, s3]) client.destroy();
    await Promise.all([dynamoLocal.stop(), fauxqs.stop()]);
  };
  return {
    endpoints,
    env: {
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamo,
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamo,
      AWS_ENDPOINT_URL_SQS: endpoints.sqs,
      AWS_ENDPOINT_URL_S3: endpoints.s3,
    },
    dynamo,
    streams,
    sqs,
    s3,
    createTable: (name) => createTable(dynamo, name),
    createPool: (pool, settings) => createPool(sqs, fauxqs.endpoint, pool, settings),
    async createBucket(name) {
      await s3.send(new CreateBucketCommand({ Bucket: name }));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Whether what needs Java can run here. Without it, that fails with `CI=true`, and is said in one line elsewhere. */
export function canRunEmulators(): boolean {
  try {
    assertJava();
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.warn(`Skipped: ${describeCause(error)}`);
    return false;
  }
}

async function createTable(dynamo: DynamoDBClient, name: string): Promise<{ streamArn: string }> {
  const { TableDescription } = await dynamo.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'dueShard', AttributeType: 'S' },
        { AttributeName: 'dueAtMs', AttributeType: 'N' },
        { AttributeName: 'workflow', AttributeType: 'S' },
        { AttributeName: 'listedAs', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: DUE_INDEX,
          KeySchema: [
            { AttributeName: 'dueShard', KeyType: 'HASH' },
            { AttributeName: 'dueAtMs', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
        {
          IndexName: LISTING_INDEX,
          KeySchema: [
            { AttributeName: 'workflow', KeyType: 'HASH' },
            { AttributeName: 'listedAs', KeyType: 'RANGE' },
          ],
          Projection: {
            ProjectionType: 'INCLUDE',
            NonKeyAttributes: LISTED_ATTRIBUTES.filter((name) => name !== 'workflow' && name !== 'listedAs'),
          },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  return { streamArn: TableDescription?.LatestStreamArn ?? '' };
}

async function createPool(
  sqs: SQSClient,
  endpoint: string,
  pool: string,
  settings: QueueSettings,
): Promise<Record<string, string>> {
  const deadLetterUrl = queueUrlAt(endpoint, deadLetterPool(pool));
  await sqs.send(new CreateQueueCommand({ QueueName: deadLetterPool(pool) }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
  );
  const redrive = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: settings.maxReceiveCount };
  await sqs.send(
    new CreateQueueCommand({
      QueueName: pool,
      Attributes: { VisibilityTimeout: String(settings.visibilitySeconds), RedrivePolicy: JSON.stringify(redrive) },
    }),
  );
  return { [pool]: queueUrlAt(endpoint, pool), [deadLetterPool(pool)]: deadLetterUrl };
}
