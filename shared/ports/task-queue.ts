/** The longest delay a queue takes (SQS: 15 minutes); beyond it a {@link TimerService} holds the message. */
export const MAX_QUEUE_DELAY_MS = 900_000;

export interface OutgoingMessage {
  /** The message, as JSON text; at most 1 MB (the limit of SQS). */
  readonly body: string;
  /** Not delivered before so many milliseconds; whole seconds on SQS, rounded up. Default 0. At most 15 minutes. */
  readonly delayMs?: number;
}

export interface Delivery {
  readonly messageId: string;
  readonly body: string;
  /** How many times this message was handed out, this one included. */
  readonly receiveCount: number;
  /** Names this delivery to `acknowledge` and `changeVisibility`. */
  readonly receipt: string;
}

export interface ReceiveOptions {
  /** 1 to 10 (the limit of SQS). Default 10. */
  readonly max?: number;
  /** How long to wait for a first message. Default 0. */
  readonly waitMs?: number;
  /** Hidden from others for so long. Default: the queue's own. */
  readonly visibilityMs?: number;
}

/** The sending side, all that schedulers and runners need. Delivery is at least once and in any order. */
export interface TaskSender {
  /** Resolves when every message is accepted; throws {@link QueueUnavailableError} if one is not. */
  send(pool: string, messages: readonly OutgoingMessage[]): Promise<void>;
}

/** A queue per pool, each with a dead-letter queue of its own, named `<pool>-dead-letter`. */
export interface TaskQueue extends TaskSender {
  receive(pool: string, options?: ReceiveOptions): Promise<readonly Delivery[]>;
  /** Removes a delivered message. A receipt that has expired is ignored. */
  acknowledge(pool: string, receipt: string): Promise<void>;
  /** Hides a delivered message for so long from now; 0 returns it at once. A receipt that has expired is ignored. */
  changeVisibility(pool: string, receipt: string, visibilityMs: number): Promise<void>;
}

export const deadLetterPool = (pool: string): string => `${pool}-dead-letter`;
