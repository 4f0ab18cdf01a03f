import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { toChangeRecord } from '../../shared/adapters/aws/stream-record.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { cloudWatch } from '../cloudwatch.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';
import { advanceBatch } from './advance-batch.ts';
import { LagMeter } from './lag-meter.ts';

const parts = { scheduler: new Scheduler({ store, dispatcher, clock }), logger };

const lag = cloudWatch && new LagMeter(cloudWatch);

export const handler = (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
  const records = event.Records.map(toChangeRecord);
  lag?.note(records, clock.nowMs());
  return advanceBatch(parts, records);
};
