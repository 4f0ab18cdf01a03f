import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { TaskMessage } from '../../shared/model/message.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

const runner = new NodeRunner({
  store,
  dispatcher,
  clock,
  logger,
  handlers: new HandlerRegistry(),
  random: Math.random,
});

/** Settles work whose message no runner could finish: its node fails with `RunnerCrashed`, and the execution goes on. */
export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const settled = await Promise.allSettled(
    Records.map(async ({ body, attributes }) => {
      const message = TaskMessage.parse(JSON.parse(body));
      logger.error('runner crashed', { ...message });
      await runner.giveUp(message, Number(attributes.ApproximateReceiveCount));
    }),
  );
  return {
    batchItemFailures: settled.flatMap((result, index) => {
      const record = Records[index];
      return result.status === 'fulfilled' || record === undefined ? [] : [{ itemIdentifier: record.messageId }];
    }),
  };
};
