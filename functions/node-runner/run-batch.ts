import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { parseTask } from '../../shared/model/message.ts';
import type { Logger } from '../../shared/observability/logger.ts';
import { deliveryOrder } from '../../shared/runner/delivery-order.ts';
import type { NodeRunner } from '../../shared/runner/runner.ts';
import { loggedIds } from '../logged-ids.ts';

interface RunnerParts {
  readonly runner: NodeRunner;
  readonly logger: Logger;
}

/** Runs a batch of tasks. What failed to become durable comes again. */
export async function runBatch(
  { runner, logger }: RunnerParts,
  { Records }: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  const run = async ({ messageId, body, receiveCount }: Task): Promise<void> => {
    let message: unknown;
    try {
      message = JSON.parse(body);
      const remainingMs = () => context.getRemainingTimeInMillis();
      await runner.run(parseTask(body), { receiveCount, remainingMs });
    } catch (error) {
      logger.error('task failed', { messageId, ...loggedIds(message), error });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  };
  const { together, oneByOne } = deliveryOrder(Records.map(toTask));
  await Promise.all(together.map(run));
  for (const task of oneByOne) await run(task);
  return { batchItemFailures };
}

interface Task {
  readonly messageId: string;
  readonly body: string;
  readonly receiveCount: number;
}

const toTask = ({ messageId, body, attributes }: SQSEvent['Records'][number]): Task => ({
  messageId,
  body,
  receiveCount: Number(attributes.ApproximateReceiveCount),
});
