/** Who waits for the next change. Disposed of, it waits no more: else it would be kept until there is one. */
export interface Waiter extends Disposable {
  /** Resolves at the next change, when the signal aborts, or when this is disposed of. */
  readonly changed: Promise<void>;
}

/** Those who wait for something to change, by its name. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  next(name: string, signal: AbortSignal | undefined): Waiter {
    const { promise: changed, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    const wake = () => {
      // Of the same name others may wait by now, in another set.
      if (!waiting.delete(wake)) return;
      if (waiting.size === 0) this.#waiting.delete(name);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    waiting.add(wake);
    signal?.addEventListener('abort', wake, { once: true });
    return { changed, [Symbol.dispose]: wake };
  }

  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  wakeAll(): void {
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake();
  }
}
