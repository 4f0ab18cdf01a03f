import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { parseTask } from '../../shared/model/message.ts';
import type { Logger } from '../../shared/observability/logger.ts';
import type { NodeRunner } from '../../shared/runner/runner.ts';
import { loggedIds, loggedIdsIn } from '../logged-ids.ts';

interface DeadLetterParts {
  readonly runner: NodeRunner;
  readonly logger: Logger;
}

/** Settles work whose message no runner could finish: its node fails with `RunnerCrashed`, and the execution goes on. */
export async function giveUpBatch(
  { runner, logger }: DeadLetterParts,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse> {
  const settled = await Promise.allSettled(
    Records.map(async ({ body, attributes }) => {
      const message = parseTask(body);
      logger.error('runner crashed', loggedIds(message));
      await runner.giveUp(message, Number(attributes.ApproximateReceiveCount));
    }),
  );
  return {
    batchItemFailures: settled.flatMap((result, index) => {
      const record = Records[index];
      if (result.status === 'fulfilled' || record === undefined) return [];
      const { messageId, body } = record;
      logger.error('giving up failed', { messageId, ...loggedIdsIn(body), error: result.reason });
      return [{ itemIdentifier: messageId }];
    }),
  };
}
