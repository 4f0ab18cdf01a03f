import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';

export interface AwsClients {
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
}

const CONNECTION_TIMEOUT_MS = 1_000;
const MAX_ATTEMPTS = 4;

/**
 * The SDK's clients; build them once, at a module's top. Region, credentials and endpoints come from the environment, as
 * the SDK reads them (`AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB`, …). Connections are kept alive, the SDK's default.
 */
export function createAwsClients(): AwsClients {
  return {
    // A hung connection costs a Lambda its time: better broken off and tried again.
    dynamo: new DynamoDBClient(requestSettings(3_000, 200)),
    // Above the longest poll, 20 s.
    sqs: new SQSClient(requestSettings(25_000, 50)),
    s3: new S3Client(requestSettings(60_000, 50)),
  };
}

/** What every client is made with. */
export const requestSettings = (requestTimeout: number, maxSockets: number) => ({
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpsAgent: { keepAlive: true, maxSockets },
  },
});
