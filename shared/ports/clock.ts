/** Time as the engine sees it; virtual in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Calls `task` once after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, task: () => void, options?: TimerOptions): () => void;
}

export interface TimerOptions {
  /** A housekeeping timer: it neither keeps a process alive nor counts as work left to wait for. Default false. */
  readonly isBackground?: boolean;
  /** One of a regular row of looks: a clock that makes its time up may leave it out while there is nothing to see. Default false. */
  readonly isLook?: boolean;
}

/** Resolves after `delayMs`, at once when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/**
 * Whether the work is done within `ms`, well or not.
 * @param options of the timer; default `{ isBackground: true }`: nobody need wait for it
 */
export function within(
  clock: Clock,
  ms: number,
  work: Promise<unknown>,
  options: TimerOptions = { isBackground: true },
): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false), options);
    const done = () => {
      cancel();
      resolve(true);
    };
    work.then(done, done);
  });
}
