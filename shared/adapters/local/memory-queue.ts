import type { Clock } from '../../ports/clock.ts';
import type { Delivery, OutgoingMessage, ReceiveOptions, TaskQueue } from '../../ports/task-queue.ts';
import { deadLetterPool } from '../../ports/task-queue.ts';
import { assertSendable } from '../outgoing-message.ts';
import { TimeHeap } from './time-heap.ts';

export interface MemoryTaskQueueOptions {
  readonly clock: Clock;
  /** How long a delivered message stays hidden unless the receiver says otherwise; `Infinity`: until it is acknowledged. */
  readonly visibilityMs: number;
  /** A message handed out so often and not acknowledged goes to the dead-letter pool. */
  readonly maxReceiveCount: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  receiveCount: number;
  /** Raised whenever its place changes, so that older entries of the heap no longer count. */
  generation: number;
  /** The receipt that holds it now; absent while nobody does. */
  receipt?: string;
}

interface Waiter {
  readonly max: number;
  readonly visibilityMs: number;
  readonly resolve: (deliveries: readonly Delivery[]) => void;
  cancelTimeout: () => void;
}

interface Pool {
  readonly name: string;
  readonly ready: Set<Message>;
  /** Delayed and hidden messages, by the time they become ready. */
  readonly later: TimeHeap<{ readonly message: Message; readonly generation: number }>;
  readonly held: Map<string, Message>;
  readonly waiters: Set<Waiter>;
  wakeUp?: { readonly atMs: number; readonly cancel: () => void };
}

/** The task queue of one process: SQS without the network. Messages do not outlive it. */
export class MemoryTaskQueue implements TaskQueue {
  readonly #options: MemoryTaskQueueOptions;
  readonly #pools = new Map<string, Pool>();
  #lastId = 0;

  constructor(options: MemoryTaskQueueOptions) {
    this.#options = options;
  }

  async send(poolName: string, messages: readonly OutgoingMessage[]): Promise<void> {
    assertSendable(poolName, messages);
    const pool = this.#pool(poolName);
    const nowMs = this.#options.clock.nowMs();
    for (const { body, delayMs = 0 } of messages) {
      const message: Message = { id: `m${++this.#lastId}`, body, receiveCount: 0, generation: 0 };
      if (delayMs > 0) pool.later.push(nowMs + delayMs, { message, generation: 0 });
      else pool.ready.add(message);
    }
    this.#serve(pool);
  }

  async receive(poolName: string, options: ReceiveOptions = {}): Promise<readonly Delivery[]> {
    const { max = 10, waitMs = 0, visibilityMs = this.#options.visibilityMs } = options;
    const pool = this.#pool(poolName);
    this.#promote(pool);
    // Those who wait come first; with a message ready nobody does.
    if (pool.ready.size > 0 || waitMs <= 0) return this.#take(pool, max, visibilityMs);
    return new Promise((resolve) => {
      const waiter: Waiter = { max, visibilityMs, resolve, cancelTimeout: () => {} };
      pool.waiters.add(waiter);
      const giveUp = () => {
        pool.waiters.delete(waiter);
        this.#armWakeUp(pool);
        resolve([]);
      };
      waiter.cancelTimeout = this.#options.clock.after(waitMs, giveUp, { isLook: true });
      this.#armWakeUp(pool);
    });
  }

  async acknowledge(poolName: string, receipt: string): Promise<void> {
    const pool = this.#pool(poolName);
    // Messages whose time is over are back in the queue, and their receipt no longer counts.
    this.#promote(pool);
    const message = pool.held.get(receipt);
    if (message === undefined) return;
    pool.held.delete(receipt);
    message.generation++;
  }

  async changeVisibility(poolName: string, receipt: string, visibilityMs: number): Promise<void> {
    const pool = this.#pool(poolName);
    this.#promote(pool);
    const message = pool.held.get(receipt);
    if (message === undefined) return;
    message.generation++;
    pool.later.push(this.#options.clock.nowMs() + visibilityMs, { message, generation: message.generation });
    this.#serve(pool);
  }

  /** Lets everyone who waits go with nothing. */
  close(): void {
    for (const pool of this.#pools.values()) {
      for (const waiter of pool.waiters) {
        waiter.cancelTimeout();
        waiter.resolve([]);
      }
      pool.waiters.clear();
      this.#armWakeUp(pool);
    }
  }

  #pool(name: string): Pool {
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = { name, ready: new Set(), later: new TimeHeap(), held: new Map(), waiters: new Set() };
      this.#pools.set(name, pool);
    }
    return pool;
  }

  #serve(pool: Pool): void {
    this.#promote(pool);
    for (const waiter of pool.waiters) {
      if (pool.ready.size === 0) break;
      pool.waiters.delete(waiter);
      waiter.cancelTimeout();
      waiter.resolve(this.#take(pool, waiter.max, waiter.visibilityMs));
    }
    this.#armWakeUp(pool);
  }

  #take(pool: Pool, max: number, visibilityMs: number): readonly Delivery[] {
    const nowMs = this.#options.clock.nowMs();
    const deliveries: Delivery[] = [];
    for (const message of pool.ready) {
      if (deliveries.length === max) break;
      pool.ready.delete(message);
      message.receiveCount++;
      message.generation++;
      const receipt = `${message.id}.${message.receiveCount}`;
      message.receipt = receipt;
      pool.held.set(receipt, message);
      // The heap forgets a message only when its time has come: one that is never to come back would stay for good.
      if (visibilityMs !== Number.POSITIVE_INFINITY)
        pool.later.push(nowMs + visibilityMs, { message, generation: message.generation });
      deliveries.push({ messageId: message.id, body: message.body, receiveCount: message.receiveCount, receipt });
    }
    return deliveries;
  }

  /** Makes ready, or dead, what was delayed or hidden until now. */
  #promote(pool: Pool): void {
    const nowMs = this.#options.clock.nowMs();
    let deadLetters: Pool | undefined;
    for (let due = pool.later.popDue(nowMs); due !== undefined; due = pool.later.popDue(nowMs)) {
      const { message, generation } = due;
      if (generation !== message.generation) continue;
      message.generation++;
      if (message.receipt !== undefined) {
        pool.held.delete(message.receipt);
        delete message.receipt;
      }
      if (this.#isDead(pool, message)) {
        deadLetters = this.#pool(deadLetterPool(pool.name));
        deadLetters.ready.add(message);
      } else {
        pool.ready.add(message);
      }
    }
    if (deadLetters !== undefined) this.#serve(deadLetters);
  }

  #isDead(pool: Pool, message: Message): boolean {
    return message.receiveCount >= this.#options.maxReceiveCount && !pool.name.endsWith(deadLetterPool(''));
  }

  /** One timer for a pool, and only while somebody waits there. */
  #armWakeUp(pool: Pool): void {
    const atMs = pool.waiters.size === 0 ? undefined : pool.later.nextAtMs();
    if (pool.wakeUp?.atMs === atMs) return;
    pool.wakeUp?.cancel();
    delete pool.wakeUp;
    if (atMs === undefined) return;
    const cancel = this.#options.clock.after(atMs - this.#options.clock.nowMs(), () => {
      delete pool.wakeUp;
      this.#serve(pool);
    });
    pool.wakeUp = { atMs, cancel };
  }
}
