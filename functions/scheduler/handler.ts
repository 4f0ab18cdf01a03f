import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { toChangeRecord } from '../../shared/adapters/aws/stream-record.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

/** One name for all shards: only records of one partition key are ever compared, and those are in order across a split. */
const SHARD = 'stream';

const scheduler = new Scheduler({ store, dispatcher, clock });

/** Advances executions by a batch of the table's stream. What could not be advanced comes again, with all after it. */
export const handler = async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
  const { failed } = await scheduler.handle(Records.map((record) => toChangeRecord(record, SHARD)));
  for (const { records, error } of failed) logger.error('advance failed', { execution: records[0]?.key.pk, error });
  return {
    batchItemFailures: failed.flatMap(({ records }) =>
      records.slice(0, 1).map(({ sequence }) => ({ itemIdentifier: sequence })),
    ),
  };
};
