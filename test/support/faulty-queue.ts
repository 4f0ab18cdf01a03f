import { QueueUnavailableError } from '../../shared/errors.ts';
import { MAX_QUEUE_DELAY_MS, type OutgoingMessage, type TaskSender } from '../../shared/ports/task-queue.ts';
import type { Random } from './random-workflow-source.ts';

/** How likely each kind of trouble is, each time it can happen. */
export interface Trouble {
  /** A call of the table or the queue fails, before or after it took effect. */
  readonly callFails: number;
  /** A message is sent twice, a batch of records is delivered again, an acknowledgement is lost. */
  readonly repeated: number;
  /** A message or a batch of records comes late. */
  readonly delayed: number;
}

export const NO_TROUBLE: Trouble = { callFails: 0, repeated: 0, delayed: 0 };

interface FaultySenderParts {
  readonly sender: TaskSender;
  readonly random: Random;
  readonly trouble: Trouble;
}

/** A queue's sending side that loses answers, sends half a batch, repeats and delays. What it accepted it delivers. */
export class FaultySender implements TaskSender {
  readonly #parts: FaultySenderParts;

  constructor(parts: FaultySenderParts) {
    this.#parts = parts;
  }

  async send(pool: string, messages: readonly OutgoingMessage[]): Promise<void> {
    const { sender, random, trouble } = this.#parts;
    const isFailing = random.chance(trouble.callFails);
    const accepted = isFailing ? messages.slice(0, random.int(0, messages.length)) : messages;
    await sender.send(
      pool,
      accepted.flatMap((message) => this.#copies(message)),
    );
    if (isFailing) throw new QueueUnavailableError('send', pool, new Error('as the test asks'));
  }

  #copies(message: OutgoingMessage): OutgoingMessage[] {
    const { random, trouble } = this.#parts;
    const late = (): OutgoingMessage =>
      random.chance(trouble.delayed)
        ? { ...message, delayMs: Math.min((message.delayMs ?? 0) + random.int(1, 5_000), MAX_QUEUE_DELAY_MS) }
        : message;
    return random.chance(trouble.repeated) ? [late(), late()] : [late()];
  }
}
