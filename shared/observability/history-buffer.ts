import type { ExecutionEvent } from './execution-event.ts';

/** Events of one execution that are not written yet. While it is held, they wait for what a repair finds. */
export class HistoryBuffer {
  #events: ExecutionEvent[] = [];
  #holds = 0;

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0 && !this.isHeld;
  }

  push(event: ExecutionEvent): void {
    this.#events.push(event);
  }

  hold(): void {
    this.#holds++;
  }

  /** @param known ids of events that are written by now */
  release(known: ReadonlySet<string>): void {
    this.#holds--;
    this.#events = this.#events.filter(({ id }) => !known.has(id));
  }

  /** They could not be written: they are taken again, before what came since. */
  putBack(events: readonly ExecutionEvent[]): void {
    this.#events.unshift(...events);
  }

  take(): ExecutionEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
