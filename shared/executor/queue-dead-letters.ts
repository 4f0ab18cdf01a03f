import * as z from 'zod';
import { InvalidInputError } from '../errors.ts';
import { TaskMessage } from '../model/message.ts';
import { TriggerMessage } from '../model/trigger-message.ts';
import type { ChangeRange } from '../ports/change-feed.ts';
import type { Delivery, TaskQueue } from '../ports/task-queue.ts';
import type {
  DeadEvent,
  DeadLetterList,
  DeadLetterOptions,
  DeadLetters,
  DeadRecords,
  DeadWork,
  Redriven,
  RedrivenRecords,
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
  /** What they told is made good by this: gives the executions, `undefined` if the records are gone. Default: nothing can. */
  readonly redriveRecords?: (records: GivenUpRecords) => Promise<readonly string[] | undefined>;
  /** The names under which the queue has events, and those that started nothing. Default: there are none. */
  readonly events?: { readonly queue: string; readonly dead: string } | undefined;
}

/** Records that a function was given again and again. */
export interface GivenUpRecords extends ChangeRange {
  /** ARN of the function. */
  readonly function: string | undefined;
}

/**
 * Dead letters in queues. A queue cannot be read without taking from it: letters are hidden while they are looked at, and
 * given back at once.
 */
export class QueueDeadLetters implements DeadLetters {
  readonly #queue: TaskQueue;
  readonly #unsettled: ReadonlyMap<string, string>;
  readonly #givenUp: string;
  readonly #redriveRecords: QueueDeadLettersOptions['redriveRecords'];
  readonly #events: QueueDeadLettersOptions['events'];

  constructor({ queue, unsettled, givenUp, redriveRecords, events }: QueueDeadLettersOptions) {
    this.#redriveRecords = redriveRecords;
    this.#events = events;
    this.#queue = queue;
    this.#unsettled = new Map(Object.entries(unsettled));
    this.#givenUp = givenUp;
  }

  async list({ limit = DEFAULT_LIMIT }: DeadLetterOptions = {}): Promise<DeadLetterList> {
    const [records, events, ...work] = await Promise.all([
      this.#look(this.#givenUp, limit, toRecords),
      this.#events === undefined ? [] : this.#look(this.#events.dead, limit, toEvent),
      ...[...this.#unsettled].map(([pool, name]) => this.#look(name, limit, (delivery) => toWork(pool, delivery))),
    ]);
    return { work: work.flat(), records, events };
  }

  async redrive(pool: string, { limit = DEFAULT_LIMIT }: DeadLetterOptions = {}): Promise<Redriven> {
    const name = this.#unsettled.get(pool);
    if (name === undefined) {
      const message = `is no pool: '${pool}'. There are: ${[...this.#unsettled.keys()].join(', ')}`;
      throw new InvalidInputError('The redrive', [{ path: 'pool', code: 'UNKNOWN_POOL', message }]);
    }
    return this.#sendBack({ from: name, to: pool, limit, isReadable: (delivery) => taskIn(delivery) !== undefined });
  }

  async redriveEvents({ limit = DEFAULT_LIMIT }: DeadLetterOptions = {}): Promise<Redriven> {
    if (this.#events === undefined) return { redriven: 0, unreadable: 0 };
    const { dead, queue } = this.#events;
    return this.#sendBack({ from: dead, to: queue, limit, isReadable: (delivery) => eventIn(delivery) !== undefined });
  }

  async #sendBack({ from, to, limit, isReadable }: SendBack): Promise<Redriven> {
    const sent = await this.#look(from, limit, async (delivery) => {
      if (!isReadable(delivery)) return false;
      // Sent before it is removed: it may come twice, and is never lost.
      await this.#queue.send(to, [{ body: delivery.body }]);
      await this.#queue.acknowledge(from, delivery.receipt);
      return true;
    });
    return countsOf(sent);
  }

  async redriveRecords({ limit = DEFAULT_LIMIT }: DeadLetterOptions = {}): Promise<RedrivenRecords> {
    const executionIds = new Set<string>();
    let gone = 0;
    let failed = 0;
    const looked = await this.#look(this.#givenUp, limit, async (delivery) => {
      const records = givenUpIn(delivery);
      if (records === undefined || this.#redriveRecords === undefined) return false;
      try {
        const found = await this.#redriveRecords(records);
        if (found === undefined) gone++;
        for (const id of found ?? []) executionIds.add(id);
        await this.#queue.acknowledge(this.#givenUp, delivery.receipt);
      } catch {
        failed++;
      }
      return true;
    });
    const { redriven, unreadable } = countsOf(looked);
    return { redriven: redriven - gone - failed, unreadable, executionIds: [...executionIds], gone, failed };
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

interface SendBack {
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  readonly isReadable: (delivery: Delivery) => boolean;
}

const countsOf = (areRead: readonly boolean[]): Redriven => {
  const redriven = areRead.filter((isRead) => isRead).length;
  return { redriven, unreadable: areRead.length - redriven };
};

const eventIn = ({ body }: Delivery): TriggerMessage | undefined => TriggerMessage.safeParse(jsonIn(body)).data;

function toEvent(delivery: Delivery): DeadEvent {
  const { messageId, receiveCount, body } = delivery;
  const { workflow, trigger, version } = eventIn(delivery) ?? {};
  const of = { ...(workflow !== undefined && { workflow, trigger }), ...(version !== undefined && { version }) };
  return { messageId, receiveCount, ...of, body: body.slice(0, BODY_SHOWN) };
}

function givenUpIn({ body }: Delivery): GivenUpRecords | undefined {
  const { data } = GivenUp.safeParse(jsonIn(body));
  const { shardId, startSequenceNumber, endSequenceNumber } = data?.DDBStreamBatchInfo ?? {};
  if (shardId === undefined || startSequenceNumber === undefined || endSequenceNumber === undefined) return undefined;
  return {
    ...{ shard: shardId, firstSequence: startSequenceNumber, lastSequence: endSequenceNumber },
    function: data?.requestContext.functionArn,
  };
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
