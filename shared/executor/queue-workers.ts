import type { MemoryTaskQueue } from '../adapters/local/memory-queue.ts';
import { DatabaseError } from '../errors.ts';
import { TaskMessage } from '../model/message.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import { type Delivery, deadLetterPool } from '../ports/task-queue.ts';
import type { NodeRunner } from '../runner/runner.ts';

/** Handlers of all executions at once. Each execution has its own bound, `maxParallelNodes`. */
const CONCURRENCY = 512;
const WAIT_MS = 60_000;
/** Before a message whose work failed to become durable comes again; times its receive count. */
const BACKOFF_MS = 500;

interface QueueWorkersParts {
  readonly queue: MemoryTaskQueue;
  readonly runner: NodeRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFault: (error: Error) => void;
}

/** Consumes the queues of pools and their dead letters: the runner's and the dead-letter consumer's event sources, in one process. */
export class QueueWorkers {
  readonly #parts: QueueWorkersParts;
  readonly #serving = new Set<string>();
  readonly #working = new Set<Promise<void>>();
  #wakeUp: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: QueueWorkersParts) {
    this.#parts = parts;
  }

  /** Begins to consume pools that are not consumed yet. */
  serve(pools: Iterable<string>): void {
    for (const pool of pools) {
      if (this.#serving.has(pool)) continue;
      this.#serving.add(pool);
      void this.#consume(pool, (delivery) => this.#run(pool, delivery));
      void this.#consume(deadLetterPool(pool), (delivery) => this.#giveUp(pool, delivery));
    }
  }

  /** Takes no more messages, and waits until the work at hand is written. Handlers that never settle are left behind. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.queue.close();
    this.#wakeUp();
    await Promise.race([
      Promise.all(this.#working),
      new Promise((resolve) =>
        this.#parts.clock.after(CLOSE_GRACE_MS, () => resolve(undefined), { isBackground: true }),
      ),
    ]);
  }

  async #consume(pool: string, work: (delivery: Delivery) => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      while (this.#working.size >= CONCURRENCY && !this.#isClosed) {
        await new Promise<void>((resolve) => {
          this.#wakeUp = resolve;
        });
      }
      for (const delivery of await this.#parts.queue.receive(pool, { max: 10, waitMs: WAIT_MS })) {
        const working = work(delivery).finally(() => {
          this.#working.delete(working);
          this.#wakeUp();
        });
        this.#working.add(working);
      }
    }
  }

  async #run(pool: string, { body, receipt, receiveCount }: Delivery): Promise<void> {
    const { queue, runner } = this.#parts;
    try {
      await runner.run(TaskMessage.parse(JSON.parse(body)), { receiveCount });
      await queue.acknowledge(pool, receipt);
    } catch (error) {
      await this.#failed(pool, receipt, receiveCount, error);
    }
  }

  async #giveUp(pool: string, { body, receipt, receiveCount }: Delivery): Promise<void> {
    const { queue, runner } = this.#parts;
    try {
      await runner.giveUp(TaskMessage.parse(JSON.parse(body)), receiveCount);
      await queue.acknowledge(deadLetterPool(pool), receipt);
    } catch (error) {
      await this.#failed(deadLetterPool(pool), receipt, receiveCount, error);
    }
  }

  async #failed(pool: string, receipt: string, receiveCount: number, error: unknown): Promise<void> {
    if (this.#isClosed) return;
    if (error instanceof DatabaseError) return this.#parts.onFault(error);
    this.#parts.logger.error('task failed', { pool, receiveCount, error });
    await this.#parts.queue.changeVisibility(pool, receipt, BACKOFF_MS * receiveCount);
  }
}

const CLOSE_GRACE_MS = 2_000;
