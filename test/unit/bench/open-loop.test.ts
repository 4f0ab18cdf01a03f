import { describe, expect, it } from 'vitest';
import { type LoadClock, runClosedLoop, runOpenLoop } from '../../bench/measure/open-loop.ts';

/** Time that goes by only when somebody waits. */
class FakeClock implements LoadClock {
  #nowMs = 1_000;
  #waiting: { readonly atMs: number; readonly resolve: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ atMs: this.#nowMs + ms, resolve }));
  }

  /** The machine does nothing else for so long. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets time go by until what is to be done is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    work.then(end, end);
    for (;;) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      if (isDone) return work;
      const [first, ...others] = this.#waiting.sort((a, b) => a.atMs - b.atMs);
      if (first === undefined) throw new Error('Nobody waits, and it is not done');
      this.#waiting = others;
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.resolve();
    }
  }
}

describe('an open loop', () => {
  it('begins at a fixed rate, whether those before have ended or not', async () => {
    const clock = new FakeClock();
    const begunAtMs: number[] = [];
    const run = (index: number) => {
      begunAtMs[index] = clock.now() - 1_000;
      return clock.wait(350);
    };

    const { latenciesMs, tookMs } = await clock.until(runOpenLoop({ ratePerSecond: 10, count: 4, run, clock }));

    expect(begunAtMs).toEqual([0, 100, 200, 300]);
    expect(latenciesMs).toEqual([350, 350, 350, 350]);
    expect(tookMs).toBe(650);
  });

  it('counts from when a request was meant to begin: a stall makes all that it kept waiting slow', async () => {
    const clock = new FakeClock();
    const run = async (index: number) => {
      if (index === 1) clock.stall(250);
      await clock.wait(10);
    };

    const { latenciesMs } = await clock.until(runOpenLoop({ ratePerSecond: 10, count: 5, run, clock }));

    expect(latenciesMs).toEqual([10, 260, 160, 60, 10]);
  });

  it('fails if a request does', async () => {
    const clock = new FakeClock();
    const run = () => Promise.reject(new Error('refused'));

    await expect(clock.until(runOpenLoop({ ratePerSecond: 10, count: 1, run, clock }))).rejects.toThrow('refused');
  });
});

describe('a closed loop', () => {
  it('runs each once, and never more at once than asked for', async () => {
    const ran: number[] = [];
    let running = 0;
    let most = 0;

    await runClosedLoop(20, 3, async (index) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      ran.push(index);
      running--;
    });

    expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(3);
  });
});
