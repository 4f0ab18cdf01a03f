import { AsyncLocalStorage } from 'node:async_hooks';
import { clearTimeout, setTimeout } from 'node:timers';

interface Call {
  readonly what: string;
  /** Waits on the test clock that are under way in it. */
  waits: number;
}

/**
 * The calls of handlers that are under way. A call that waits on the test clock is not at work: time may go on. One that
 * is at work on anything else, a file or a real timer, holds time.
 */
export class HandlerWork {
  readonly #current = new AsyncLocalStorage<Call>();
  readonly #calls = new Set<Call>();
  #notify: () => void = () => undefined;

  /** @param what names the call, should it hold time for too long */
  async during<T>(what: string, work: () => Promise<T>): Promise<T> {
    const call = { what, waits: 0 };
    this.#calls.add(call);
    try {
      return await this.#current.run(call, work);
    } finally {
      this.#calls.delete(call);
      this.#notify();
    }
  }

  /** Marks the call this is asked in, if it is in one, as waiting. */
  async waiting<T>(wait: () => Promise<T>): Promise<T> {
    const call = this.#currentCall;
    if (call === undefined) return wait();
    call.waits++;
    this.#notify();
    try {
      return await wait();
    } finally {
      call.waits--;
      this.#notify();
    }
  }

  /** Whether this is asked in a handler's call. */
  get isInCall(): boolean {
    return this.#currentCall !== undefined;
  }

  /** What a call has set going may go on after its end. */
  get #currentCall(): Call | undefined {
    const call = this.#current.getStore();
    return call !== undefined && this.#calls.has(call) ? call : undefined;
  }

  get all(): string[] {
    return [...this.#calls].map(({ what }) => what);
  }

  /** The calls that are at work. */
  get busy(): string[] {
    return [...this.#calls].filter(({ waits }) => waits === 0).map(({ what }) => what);
  }

  /** Resolves when a call begins to wait, goes on or ends, or at `notify`; `false`: nothing of it, for so long in real time. */
  changed(realMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), realMs);
      this.#notify = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  notify(): void {
    this.#notify();
  }
}
