import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createDynamoClient } from './dynamo-client.ts';
import { createS3Client } from './s3-client.ts';
import { createSqsClient } from './sqs-client.ts';

export interface AwsClients {
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
}

/**
 * The SDK's clients; build them once, at a module's top. Region, credentials and endpoints come from the environment, as
 * the SDK reads them (`AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB`, …). Connections are kept alive, the SDK's default.
 */
export const createAwsClients = (): AwsClients => ({
  dynamo: createDynamoClient(),
  sqs: createSqsClient(),
  s3: createS3Client(),
});
