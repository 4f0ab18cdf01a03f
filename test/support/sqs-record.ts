import type { SQSRecord } from 'aws-lambda';

export interface SqsMessage {
  readonly messageId: string;
  readonly body: string;
  /** Default 1: its first delivery. */
  readonly receiveCount?: number;
  /** Default: none. */
  readonly receiptHandle?: string;
  /** The ARN of its queue, or what stands for it. Default: none. */
  readonly queue?: string;
}

/** A message as Lambda hands it to a function, with what the functions look at. */
export const anSqsRecord = ({
  messageId,
  body,
  receiveCount = 1,
  receiptHandle = '',
  queue = '',
}: SqsMessage): SQSRecord => ({
  messageId,
  receiptHandle,
  body,
  attributes: {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: '',
    SenderId: '',
    ApproximateFirstReceiveTimestamp: '',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: queue,
  awsRegion: '',
});
