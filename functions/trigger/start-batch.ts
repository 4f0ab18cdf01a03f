import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { TriggerStarter } from '../../shared/executor/trigger-starter.ts';
import { TriggerMessage, type TriggerTarget } from '../../shared/model/trigger-message.ts';
import type { Logger } from '../../shared/observability/logger.ts';

interface TriggerParts {
  readonly starter: TriggerStarter;
  readonly logger: Logger;
  /** By its ARN, whom a queue of the application starts. Any other is the stack's own. */
  readonly targets: ReadonlyMap<string, TriggerTarget>;
}

/** Starts a workflow for each message. What cannot be started comes again, and in the end to the dead-letter queue. */
export async function startBatch(
  { starter, logger, targets }: TriggerParts,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  const start = async (record: SQSRecord): Promise<void> => {
    const { messageId, eventSourceARN, attributes } = record;
    const target = targets.get(eventSourceARN);
    let of: Partial<TriggerTarget> = { ...target };
    try {
      const message = toMessage(record, target);
      of = { workflow: message.workflow, trigger: message.trigger };
      const { executionId, isNew } = await starter.start(message);
      logger.info('triggered', { ...of, messageId, executionId, isNew });
    } catch (error) {
      const receiveCount = Number(attributes.ApproximateReceiveCount);
      logger.error('trigger failed', { ...of, messageId, receiveCount, error });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  };
  await Promise.all(Records.map(start));
  return { batchItemFailures };
}

const toMessage = (record: SQSRecord, target: TriggerTarget | undefined): TriggerMessage =>
  TriggerMessage.parse(target === undefined ? JSON.parse(record.body) : { ...target, event: toEvent(record) });

/** A message as a trigger's expressions see it: its body read, if it is JSON. */
const toEvent = ({ messageId, body, attributes, messageAttributes, eventSourceARN }: SQSRecord) => ({
  messageId,
  body: jsonOrText(body),
  attributes,
  messageAttributes: Object.fromEntries(
    Object.entries(messageAttributes).map(([name, { stringValue, binaryValue }]) => [
      name,
      stringValue ?? binaryValue ?? null,
    ]),
  ),
  eventSourceARN,
});

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
