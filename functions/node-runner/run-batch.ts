import type { Context, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { parseTask } from '../../shared/model/message.ts';
import type { Logger } from '../../shared/observability/logger.ts';
import { deliveryOrder } from '../../shared/runner/delivery-order.ts';
import type { NodeRunner } from '../../shared/runner/runner.ts';
import { loggedIdsIn } from '../logged-ids.ts';
import type { PinnedVersions, ReadRecord, RunnerEvent } from './pinned-versions.ts';

interface RunnerParts {
  readonly runner: NodeRunner;
  readonly logger: Logger;
  /** Absent: there is one version of the handlers, whatever messages say. */
  readonly pins?: PinnedVersions;
}

/** Runs a batch of tasks. What failed to become durable comes again. */
export async function runBatch(
  { runner, logger, pins }: RunnerParts,
  event: RunnerEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<SQSBatchResponse> {
  const failed: string[] = [];
  const here: Task[] = [];
  const elsewhere: ReadRecord[] = [];
  const fail = ({ messageId, body }: SQSRecord, error: unknown): void => {
    logger.error('task failed', { messageId, ...loggedIdsIn(body), error });
    failed.push(messageId);
  };
  for (const record of event.Records) {
    try {
      const message = parseTask(record.body);
      if (pins?.isElsewhere(message, event) === true) elsewhere.push({ record, message });
      else here.push(toTask({ record, message }));
    } catch (error) {
      fail(record, error);
    }
  }
  const remainingMs = () => context.getRemainingTimeInMillis();
  const run = async ({ record, message, receiveCount }: Task): Promise<void> => {
    try {
      await runner.run(message, { receiveCount, remainingMs });
    } catch (error) {
      fail(record, error);
    }
  };
  const { together, oneByOne } = deliveryOrder(here);
  const forwarded = elsewhere.length === 0 ? [] : pins?.forward(elsewhere);
  await Promise.all(together.map(run));
  for (const task of oneByOne) await run(task);
  failed.push(...((await forwarded) ?? []));
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

interface Task extends ReadRecord {
  readonly messageId: string;
  readonly receiveCount: number;
}

const toTask = ({ record, message }: ReadRecord): Task => ({
  record,
  message,
  messageId: record.messageId,
  receiveCount: Number(record.attributes.ApproximateReceiveCount),
});
