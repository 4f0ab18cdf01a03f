import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handlers } from '#handlers';
import { TaskMessage } from '../../shared/model/message.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

const runner = new NodeRunner({
  store,
  dispatcher,
  clock,
  logger,
  handlers: new HandlerRegistry(handlers),
  random: Math.random,
});

/** Runs a batch of tasks side by side. What failed to become durable comes again. */
export const handler = async ({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const settled = await Promise.allSettled(
    Records.map(async ({ body, attributes }) =>
      runner.run(TaskMessage.parse(JSON.parse(body)), {
        receiveCount: Number(attributes.ApproximateReceiveCount),
        remainingMs: () => context.getRemainingTimeInMillis(),
      }),
    ),
  );
  return {
    batchItemFailures: settled.flatMap((result, index) => {
      const record = Records[index];
      if (result.status === 'fulfilled' || record === undefined) return [];
      logger.error('task failed', { messageId: record.messageId, error: result.reason });
      return [{ itemIdentifier: record.messageId }];
    }),
  };
};
