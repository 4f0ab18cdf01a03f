import * as z from 'zod';
import { InvalidInputError } from '../errors.ts';
import { TaskMessage } from '../model/message.ts';
import type { Delivery, TaskQueue } from '../ports/task-queue.ts';
import type {
  DeadLetterList,
  DeadLetterOptions,
  DeadLetters,
  DeadRecords,
  DeadWork,
  Redriven,
} from './dead-letters.ts';

/** Longer than a list or redrive takes; should it die, its letters are back after that. */
const HELD_MS = 60_000;
/** A receive that waits asks every server that may hold a message; one that does not asks some of them. */
const WAIT_MS = 1_000;
const BATCH = 10;
const DEFAULT_LIMIT = 100;
const BODY_SHOWN = 1_000;

/** What Lambda says of stream records that it gives up. */
const GivenUp = z.object({
  requestContext: z.object({ condition: z.string(), functionArn: z.string().optional() }),
  timestamp: z.string().optional(),
  DDBStreamBatchInfo: z.object({
    shardId: z.string().optional(),
    startSequenceNumber: z.string().optional(),
    endSequenceNumber: z.string().optional(),
    batchSize: z.int().optional(),
  }),
});

export interface QueueDeadLettersOptions {
  readonly queue: TaskQueue;
  /** By pool, the name under which the queue has what was given up of it. */
  readonly unsettled: Readonly<Record<string, string>>;
  /** The name under which the queue has the records given up. */
  readonly givenUp: string;
}

/**
 * Dead letters in queues. A queue cannot be read without taking from it: letters are hidden while they are looked at, and
 * given back at once.
 */
export class QueueDeadLetters implements DeadLetters {
  readonly #queue: TaskQueue;
  readonly #unsettled: ReadonlyMap<string, string>;
  readonly #givenUp: string;

  constructor({ queue, unsettled, givenUp }: QueueDeadLettersOptions) {
    this.#queue = queue;
    this.#unsettled = new Map(Object.entries(unsettled));
    this.#givenUp = givenUp;
  }

  async list({ limit = DEFAULT_LIMIT }: DeadLetterOptions = {}): Promise<DeadLetterList> {
    const [records, ...work] = await Promise.all([
      this.#look(this.#givenUp, limit, toRecords),
      ...[...this.#unsettled].map(([pool, name]) => this.#look(name, limit, (delivery) => toWork(pool, delivery))),
    ]);
    return { work: work.flat(), records };
  }

  async redrive(pool: string, { limit = DEFAULT_LIMIT }: DeadLetterOptions = {}): Promise<Redriven> {
    const name = this.#unsettled.get(pool);
    if (name === undefined) {
      const message = `is no pool: '${pool}'. There are: ${[...this.#unsettled.keys()].join(', ')}`;
      throw new InvalidInputError('The redrive', [{ path: 'pool', code: 'UNKNOWN_POOL', message }]);
    }
    let redriven = 0;
    const unreadable = await this.#look(name, limit, async (delivery) => {
      if (taskIn(delivery) === undefined) return true;
      // Sent before it is removed: work may come twice, and is never lost.
      await this.#queue.send(pool, [{ body: delivery.body }]);
      await this.#queue.acknowledge(name, delivery.receipt);
      redriven++;
      return false;
    });
    return { redriven, unreadable: unreadable.filter((isLeft) => isLeft).length };
  }

  /** Takes up to `limit` letters, looks at each, and gives back those that are still there. */
  async #look<T>(name: string, limit: number, look: (delivery: Delivery) => T | Promise<T>): Promise<T[]> {
    const held = new Map<string, Delivery>();
    const seen: T[] = [];
    try {
      while (held.size < limit) {
        const max = Math.min(BATCH, limit - held.size);
        const deliveries = await this.#queue.receive(name, { max, waitMs: WAIT_MS, visibilityMs: HELD_MS });
        const fresh = deliveries.filter(({ messageId }) => !held.has(messageId));
        for (const delivery of deliveries) held.set(delivery.messageId, delivery);
        seen.push(...(await Promise.all(fresh.map(look))));
        if (fresh.length === 0) break;
      }
    } finally {
      // Of those that were removed the receipt is no longer known, which changes nothing.
      await Promise.all([...held.values()].map(({ receipt }) => this.#queue.changeVisibility(name, receipt, 0)));
    }
    return seen;
  }
}

const taskIn = ({ body }: Delivery): TaskMessage | undefined => TaskMessage.safeParse(jsonIn(body)).data;

function toWork(pool: string, delivery: Delivery): DeadWork {
  const { messageId, receiveCount, body } = delivery;
  const task = taskIn(delivery);
  if (task === undefined) return { pool, messageId, receiveCount, body: body.slice(0, BODY_SHOWN) };
  const { kind, executionId, run } = task;
  if (task.kind === 'settle') return { pool, messageId, receiveCount, task: { kind, executionId, run } };
  const { node, visit, attempt } = task;
  const chunk = task.kind === 'chunk' ? { chunk: task.chunk } : {};
  return { pool, messageId, receiveCount, task: { kind, executionId, run, node, visit, attempt, ...chunk } };
}

function toRecords({ messageId, receiveCount, body }: Delivery): DeadRecords {
  const givenUp = GivenUp.safeParse(jsonIn(body));
  if (!givenUp.success) return { messageId, receiveCount, body: body.slice(0, BODY_SHOWN) };
  const { requestContext, timestamp, DDBStreamBatchInfo: batch } = givenUp.data;
  return {
    messageId,
    receiveCount,
    function: requestContext.functionArn?.split(':')[6],
    reason: requestContext.condition,
    records: batch.batchSize,
    shard: batch.shardId,
    firstSequence: batch.startSequenceNumber,
    lastSequence: batch.endSequenceNumber,
    at: timestamp,
  };
}

function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
