import { randomUUID } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';

/** Records that Lambda does not try again. */
export interface GivenUpBatch {
  readonly records: readonly DynamoDBRecord[];
  readonly shardId: string;
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  /** Invocations that failed with them. */
  readonly invokeCount: number;
  /** Of the last invocation; absent if there was none. */
  readonly requestId?: string | undefined;
}

/**
 * What a destination hears of records that were given up: which ones, not what was in them.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function onFailureRecord(
  { records, shardId, condition, invokeCount, requestId = randomUUID() }: GivenUpBatch,
  { functionArn, streamArn, nowMs }: { functionArn: string; streamArn: string; nowMs: number },
) {
  const first = records.at(0)?.dynamodb;
  const last = records.at(-1)?.dynamodb;
  return {
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: invokeCount },
    ...(invokeCount > 0 && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    }),
    version: '1.0',
    timestamp: new Date(nowMs).toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: last?.SequenceNumber,
      approximateArrivalOfFirstRecord: inSeconds(first?.ApproximateCreationDateTime),
      approximateArrivalOfLastRecord: inSeconds(last?.ApproximateCreationDateTime),
      batchSize: records.length,
      streamArn,
    },
  };
}

const inSeconds = (timeS = 0): string => new Date(timeS * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
