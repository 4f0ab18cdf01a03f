import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './emulators.ts';

/** Where the emulators are. */
export interface Endpoints {
  readonly dynamo: string;
  readonly sqsAndS3: string;
  readonly events: string;
  readonly lambda: string;
  readonly secretsManager: string;
}

/** The SDK's clients for the emulators. */
export interface AwsClients {
  readonly dynamo: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  destroy(): void;
}

export function connectClients(endpoints: Endpoints): AwsClients {
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
  const events = new EventBridgeClient({ ...common, endpoint: endpoints.events });
  const lambda = new LambdaClient({ ...common, endpoint: endpoints.lambda });
  return {
    dynamo,
    streams,
    s3,
    sqs,
    events,
    lambda,
    destroy: () => {
      for (const client of [dynamo, streams, s3, sqs, events, lambda]) client.destroy();
    },
  };
}
