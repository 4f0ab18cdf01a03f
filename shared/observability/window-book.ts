import { type MetricsWindow, WINDOW_MS } from '../store/metrics-store.ts';
import { addSample, emptyTally, type Sample } from './tally.ts';

/** So long after its end a window gets no more of its own time; what comes later opens it anew, under another name. */
const KEPT_MS = 60_000;

/** The windows one local observer counts in. Each has a name of its own, so that nobody's overwrites another's. */
export class WindowBook {
  readonly #newShard: () => string;
  readonly #windows = new Map<string, MetricsWindow & { isWritten: boolean }>();

  /** @param newShard a name that was never given before */
  constructor(newShard: () => string) {
    this.#newShard = newShard;
  }

  /** Counts an execution in the window in which it ended. */
  add(sample: Sample): void {
    const startMs = Math.floor(sample.endedAtMs / WINDOW_MS) * WINDOW_MS;
    const name = `${startMs} ${sample.workflow}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = { workflow: sample.workflow, startMs, shard: this.#newShard(), tally: emptyTally(), isWritten: false };
      this.#windows.set(name, window);
    }
    addSample(window.tally, sample);
    window.isWritten = false;
  }

  /** Windows that changed since they were last taken. */
  take(): MetricsWindow[] {
    const changed = [...this.#windows.values()].filter(({ isWritten }) => !isWritten);
    for (const window of changed) window.isWritten = true;
    return changed;
  }

  /** They could not be written: they are taken again. */
  putBack(windows: readonly MetricsWindow[]): void {
    for (const window of this.#windows.values()) if (windows.includes(window)) window.isWritten = false;
  }

  /** Forgets windows that are over and written. */
  letGo(nowMs: number): void {
    for (const [name, { startMs, isWritten }] of this.#windows)
      if (isWritten && startMs + WINDOW_MS + KEPT_MS < nowMs) this.#windows.delete(name);
  }
}
