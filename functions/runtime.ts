import { createAwsClients } from '../shared/adapters/aws/clients.ts';
import { S3BlobStore } from '../shared/adapters/aws/s3-blobs.ts';
import { SqsTaskQueue } from '../shared/adapters/aws/sqs-queue.ts';
import { systemClock } from '../shared/adapters/local/system-clock.ts';
import { Dispatcher } from '../shared/scheduler/dispatcher.ts';
import { openStore } from '../shared/store/store.ts';
import { environment } from './environment.ts';
import { openItemTable } from './item-table.ts';
import { log } from './log.ts';

const { dynamo, sqs: sqsClient, s3: s3Client } = createAwsClients();

/** Built once for an instance of a function, from its environment. */
export const sqs = sqsClient;
export const s3 = s3Client;
export const clock = systemClock;
export const logger = log;
export const store = openStore(
  openItemTable(dynamo),
  new S3BlobStore({ client: s3Client, bucket: environment.BUCKET_NAME }),
  { packs: true },
);
export const dispatcher = new Dispatcher(new SqsTaskQueue({ client: sqsClient, queueUrls: environment.QUEUE_URLS }));
