import { FanjoinError } from '../errors.ts';
import { MAX_QUEUE_DELAY_MS, type OutgoingMessage } from '../ports/task-queue.ts';

/** The most a message may weigh, and all of a batch together. */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** Throws `MESSAGE_NOT_SENDABLE` for a body over 1 MB or a delay over 15 minutes, before anything is sent. */
export function assertSendable(pool: string, messages: readonly OutgoingMessage[]): void {
  for (const { body, delayMs = 0 } of messages) {
    // No character takes more than three bytes for each UTF-16 unit: only large ones are worth counting.
    const bytes = body.length * 3 <= MAX_MESSAGE_BYTES ? 0 : Buffer.byteLength(body);
    if (bytes > MAX_MESSAGE_BYTES) {
      throw notSendable(
        pool,
        `it has ${bytes} bytes, and a queue takes ${MAX_MESSAGE_BYTES}. Put the payload in the blob store.`,
      );
    }
    if (!(delayMs >= 0 && delayMs <= MAX_QUEUE_DELAY_MS)) {
      throw notSendable(
        pool,
        `its delay is ${delayMs} ms, and a queue takes 0 to ${MAX_QUEUE_DELAY_MS}. Use the timer service.`,
      );
    }
  }
}

const notSendable = (pool: string, why: string): FanjoinError =>
  new FanjoinError('MESSAGE_NOT_SENDABLE', `A message cannot be sent to the pool '${pool}': ${why}`, {
    details: { pool },
  });
