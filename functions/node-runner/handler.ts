import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handlers } from '#handlers';
import { SecretsManagerStore } from '../../shared/adapters/aws/secrets-manager-store.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { deliveryOrder } from '../../shared/runner/delivery-order.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { environment } from '../environment.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

const runner = new NodeRunner({
  store,
  dispatcher,
  clock,
  logger,
  secrets: new SecretsManagerStore(environment.SECRET_ARNS),
  handlers: new HandlerRegistry(handlers),
  random: Math.random,
});

/** Runs a batch of tasks. What failed to become durable comes again. */
export const handler = async ({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  const run = async ({ messageId, body, receiveCount }: Task): Promise<void> => {
    try {
      const remainingMs = () => context.getRemainingTimeInMillis();
      await runner.run(TaskMessage.parse(JSON.parse(body)), { receiveCount, remainingMs });
    } catch (error) {
      logger.error('task failed', { messageId, error });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  };
  const { together, oneByOne } = deliveryOrder(Records.map(toTask));
  await Promise.all(together.map(run));
  for (const task of oneByOne) await run(task);
  return { batchItemFailures };
};

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
