import type { MemoryTaskQueue } from '../adapters/local/memory-queue.ts';
import { DatabaseError } from '../errors.ts';
import { parseTask, type TaskMessage } from '../model/message.ts';
import { DEFAULT_POOL, type Pools, poolSize } from '../model/pools.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import { type Delivery, deadLetterPool } from '../ports/task-queue.ts';
import type { NodeRunner } from '../runner/runner.ts';
import { QueueConsumer } from './queue-consumer.ts';

/** Handlers of the default pool at once, of all executions; each execution has its own bound, `maxParallelNodes`. */
const DEFAULT_CONCURRENCY = 512;
const DEAD_LETTER_CONCURRENCY = 10;
/** Before a message whose work failed to become durable comes again; times its receive count. */
const BACKOFF_MS = 500;
const CLOSE_GRACE_MS = 2_000;

interface QueueWorkersParts {
  readonly queue: MemoryTaskQueue;
  readonly runner: NodeRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pools: Pools;
  readonly onFault: (error: Error) => void;
}

/** Consumes the queues of all pools and their dead letters: the runner's and the dead-letter consumer's event sources, in one process. */
export class QueueWorkers {
  readonly #parts: QueueWorkersParts;
  readonly #consumers: readonly QueueConsumer[];
  #isClosed = false;

  constructor(parts: QueueWorkersParts) {
    this.#parts = parts;
    this.#consumers = [DEFAULT_POOL, ...Object.keys(parts.pools)].flatMap((pool) => [
      this.#consumer(
        pool,
        pool === DEFAULT_POOL ? DEFAULT_CONCURRENCY : poolSize(parts.pools, pool),
        (message, count) => parts.runner.run(message, { receiveCount: count }),
      ),
      this.#consumer(deadLetterPool(pool), DEAD_LETTER_CONCURRENCY, (message, count) =>
        parts.runner.giveUp(message, count),
      ),
    ]);
  }

  /** Takes no more messages, and waits until the work at hand is written. Handlers that never settle are left behind. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.queue.close();
    await Promise.race([
      Promise.all(this.#consumers.map((consumer) => consumer.close())),
      new Promise((resolve) =>
        this.#parts.clock.after(CLOSE_GRACE_MS, () => resolve(undefined), { isBackground: true }),
      ),
    ]);
  }

  #consumer(
    pool: string,
    concurrency: number,
    work: (message: TaskMessage, receiveCount: number) => Promise<void>,
  ): QueueConsumer {
    const { queue } = this.#parts;
    return new QueueConsumer(queue, pool, concurrency, async ({ body, receipt, receiveCount }) => {
      try {
        await work(parseTask(body), receiveCount);
        await queue.acknowledge(pool, receipt);
      } catch (error) {
        await this.#failed(pool, receipt, receiveCount, error);
      }
    });
  }

  async #failed(pool: string, receipt: Delivery['receipt'], receiveCount: number, error: unknown): Promise<void> {
    if (this.#isClosed) return;
    if (error instanceof DatabaseError) return this.#parts.onFault(error);
    this.#parts.logger.error('task failed', { pool, receiveCount, error });
    await this.#parts.queue.changeVisibility(pool, receipt, BACKOFF_MS * receiveCount);
  }
}
