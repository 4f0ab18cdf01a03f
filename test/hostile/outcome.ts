import { FanjoinError } from '../../shared/errors.ts';

/** How one trial ended. Whatever is neither an acceptance nor an error with a code is thrown: it is a bug. */
export interface Outcome {
  /** `ok`, or the code of the refusal. */
  readonly code: string;
  /** How long it took; of what waits for nobody the time of the processor, which other processes do not lengthen. */
  readonly ms: number;
}

/** @throws what `trial` throws, unless it is an error of ours */
export async function outcomeOf(trial: () => unknown): Promise<Outcome> {
  const before = process.threadCpuUsage();
  const workedMs = (): number => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
  try {
    await trial();
    return { code: 'ok', ms: workedMs() };
  } catch (error) {
    if (!(error instanceof FanjoinError)) throw error;
    return { code: error.code, ms: workedMs() };
  }
}

/** Outcomes of many trials, in figures. */
export class Tally {
  #trials = 0;
  #slowestMs = 0;
  #slowest = '';
  readonly #codes = new Map<string, number>();

  add({ code, ms }: Outcome, what: string): void {
    this.#trials++;
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
    if (ms <= this.#slowestMs) return;
    this.#slowestMs = ms;
    this.#slowest = what.slice(0, 200);
  }

  figures() {
    return {
      trials: this.#trials,
      outcomes: Object.fromEntries([...this.#codes].sort(([, a], [, b]) => b - a)),
      slowestMs: Math.round(this.#slowestMs),
      slowest: this.#slowest,
    };
  }
}
