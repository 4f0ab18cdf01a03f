import { TimeHeap } from '../../shared/adapters/local/time-heap.ts';

interface Entry {
  task: (() => void) | undefined;
}

const START_MS = Date.UTC(2030, 0, 1);

/**
 * Simulated time: one thing happens after another, and between two of them everything that follows without waiting. The
 * code under test waits only for ports and clocks, all of which end here; what is left are microtasks, which have all run
 * when a turn of Node's own loop is over.
 */
export class EventLoop {
  readonly #heap = new TimeHeap<Entry>();
  #nowMs = START_MS;
  #steps = 0;

  /** Milliseconds since the epoch, with fractions: things seldom happen at the very same time. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Since the beginning. */
  get elapsedMs(): number {
    return this.#nowMs - START_MS;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Calls `task` once after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void {
    const entry: Entry = { task };
    this.#heap.push(this.#nowMs + Math.max(0, delayMs), entry);
    return () => {
      entry.task = undefined;
    };
  }

  /** Lets the next thing happen, and all that follows from it at once. `false`: there is nothing to come. */
  async step(): Promise<boolean> {
    for (;;) {
      const atMs = this.#heap.nextAtMs();
      if (atMs === undefined) return false;
      const entry = this.#heap.popDue(atMs);
      if (entry?.task === undefined) continue;
      this.#nowMs = atMs;
      this.#steps++;
      entry.task();
      await new Promise(setImmediate);
      return true;
    }
  }
}
