import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { LocalResources } from './read-resources.ts';
import { bucketName } from './references.ts';

interface Clients {
  readonly dynamo: DynamoDBClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
}

/**
 * Makes the tables, buckets and queues.
 *
 * @returns the ARN of each table's stream, by table
 */
export async function makeResources(
  { dynamo, s3, sqs }: Clients,
  { tables, buckets, queues }: LocalResources,
): Promise<ReadonlyMap<string, string>> {
  const streams = tables.map(async ({ id, properties: { StreamSpecification, ...table } }) => {
    const { TableDescription } = await dynamo.send(
      new CreateTableCommand({
        TableName: id,
        ...table,
        ...(StreamSpecification !== undefined && {
          StreamSpecification: { StreamEnabled: true, ...StreamSpecification },
        }),
      }),
    );
    return [id, TableDescription?.LatestStreamArn ?? ''] as const;
  });
  const others = [
    ...buckets.map(({ id }) => s3.send(new CreateBucketCommand({ Bucket: bucketName(id) }))),
    ...queues.map(({ id, properties: { DelaySeconds = 0, RedrivePolicy, VisibilityTimeout } }) =>
      sqs.send(
        new CreateQueueCommand({
          QueueName: id,
          Attributes: {
            DelaySeconds: String(DelaySeconds),
            VisibilityTimeout: String(VisibilityTimeout),
            ...(RedrivePolicy !== undefined && { RedrivePolicy: JSON.stringify(RedrivePolicy) }),
          },
        }),
      ),
    ),
  ];
  await Promise.all(others);
  return new Map(await Promise.all(streams));
}
