import type { DynamoDBBatchResponse } from 'aws-lambda';
import type { Logger } from '../../shared/observability/logger.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { executionIdOf } from '../../shared/store/keys.ts';

interface SchedulerParts {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** Advances executions by a batch of the table's changes. What could not be advanced comes again, with all after it. */
export async function advanceBatch(
  { scheduler, logger }: SchedulerParts,
  records: readonly ChangeRecord[],
): Promise<DynamoDBBatchResponse> {
  const { failed } = await scheduler.handle(records);
  for (const group of failed)
    logger.error('advance failed', { executionId: executionIdOf(group.records[0]), error: group.error });
  return {
    batchItemFailures: failed.flatMap((group) =>
      group.records.slice(0, 1).map(({ sequence }) => ({ itemIdentifier: sequence })),
    ),
  };
}
