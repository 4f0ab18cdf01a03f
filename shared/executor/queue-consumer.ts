import type { Delivery, TaskQueue } from '../ports/task-queue.ts';

/** SQS hands out so many at a time. */
const BATCH = 10;
const WAIT_MS = 60_000;

/** Takes messages of one pool and works on at most `concurrency` of them at once. */
export class QueueConsumer {
  readonly #queue: TaskQueue;
  readonly #pool: string;
  readonly #concurrency: number;
  readonly #work: (delivery: Delivery) => Promise<void>;
  readonly #working = new Set<Promise<void>>();
  readonly #done: Promise<void>;
  #isClosed = false;
  #wakeUp: () => void = () => undefined;

  constructor(queue: TaskQueue, pool: string, concurrency: number, work: (delivery: Delivery) => Promise<void>) {
    this.#queue = queue;
    this.#pool = pool;
    this.#concurrency = concurrency;
    this.#work = work;
    this.#done = this.#consume();
  }

  /** Takes no more; resolves when what was taken is done. The queue must let waiting receivers go. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wakeUp();
    await this.#done;
    await Promise.all(this.#working);
  }

  async #consume(): Promise<void> {
    while (!this.#isClosed) {
      const free = this.#concurrency - this.#working.size;
      if (free <= 0) {
        await new Promise<void>((resolve) => {
          this.#wakeUp = resolve;
        });
        continue;
      }
      for (const delivery of await this.#queue.receive(this.#pool, { max: Math.min(free, BATCH), waitMs: WAIT_MS })) {
        const working = this.#work(delivery).finally(() => {
          this.#working.delete(working);
          this.#wakeUp();
        });
        this.#working.add(working);
      }
    }
  }
}
