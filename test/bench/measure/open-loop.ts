/** Time as a load generator needs it: real, or a test's. */
export interface LoadClock {
  /** In milliseconds, with fractions. */
  now(): number;
  wait(ms: number): Promise<void>;
}

export const realLoadClock: LoadClock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => (ms < 1 ? setImmediate(resolve) : setTimeout(resolve, ms))),
};

export interface OpenLoop {
  readonly ratePerSecond: number;
  readonly count: number;
  /** One request, to its end. */
  readonly run: (index: number) => Promise<unknown>;
  readonly clock?: LoadClock;
}

export interface OpenLoopOutcome {
  /** In the order of arrival, each from when the request was *meant* to begin: what it waited for its turn is in it. */
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
}

/**
 * Begins requests at a fixed rate, whether those before have ended or not, as independent clients would. One that waits
 * for answers before it asks again slows down with what it measures and hides its worst times (coordinated omission).
 */
export async function runOpenLoop({
  ratePerSecond,
  count,
  run,
  clock = realLoadClock,
}: OpenLoop): Promise<OpenLoopOutcome> {
  const beganMs = clock.now();
  const latenciesMs: number[] = [];
  const running: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const intendedMs = beganMs + (index * 1_000) / ratePerSecond;
    for (let aheadMs = intendedMs - clock.now(); aheadMs > 0; aheadMs = intendedMs - clock.now())
      await clock.wait(aheadMs);
    const begun = run(index).then(() => {
      latenciesMs[index] = clock.now() - intendedMs;
    });
    // It is told at the end; until then nobody listens.
    begun.catch(() => undefined);
    running.push(begun);
  }
  await Promise.all(running);
  return { latenciesMs, tookMs: clock.now() - beganMs };
}

/** Runs `count` requests, `atOnce` of them at any time. Gives the milliseconds it took. */
export async function runClosedLoop(
  count: number,
  atOnce: number,
  run: (index: number) => Promise<unknown>,
): Promise<number> {
  const beganMs = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return performance.now() - beganMs;
}
