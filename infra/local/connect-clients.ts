import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './emulators.ts';

/** The SDK's clients for the emulators. */
export interface AwsClients {
  readonly dynamo: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  destroy(): void;
}

export function connectClients(endpoints: { readonly dynamo: string; readonly sqsAndS3: string }): AwsClients {
  const common = { region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS };
  const dynamo = new DynamoDBClient({ ...common, endpoint: endpoints.dynamo });
  const streams = new DynamoDBStreamsClient({ ...common, endpoint: endpoints.dynamo });
  const s3 = new S3Client({ ...common, endpoint: endpoints.sqsAndS3 });
  // Every poller holds a connection while it waits.
  const sqs = new SQSClient({
    ...common,
    endpoint: endpoints.sqsAndS3,
    requestHandler: { httpAgent: { maxSockets: 1_000 } },
  });
  return {
    dynamo,
    streams,
    s3,
    sqs,
    destroy: () => {
      for (const client of [dynamo, streams, s3, sqs]) client.destroy();
    },
  };
}
