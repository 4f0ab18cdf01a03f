import type { Clock } from '../../ports/clock.ts';

/** The longest delay `setTimeout` takes; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** Real time. Delays may be of any length. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, task, options = {}) {
    let timer: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      const stepMs = Math.min(remainingMs, MAX_TIMEOUT_MS);
      timer = setTimeout(() => (remainingMs > stepMs ? arm(remainingMs - stepMs) : task()), stepMs);
      if (options.isBackground === true) timer.unref();
    };
    arm(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
