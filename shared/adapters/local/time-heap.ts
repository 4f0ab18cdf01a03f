interface Entry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly value: T;
}

/** A binary heap of values by time; those of one time come out in the order they went in. */
export class TimeHeap<T> {
  readonly #entries: Entry<T>[] = [];
  #lastOrder = 0;

  push(atMs: number, value: T): void {
    const entry = { atMs, order: ++this.#lastOrder, value };
    let index = this.#entries.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.#entries[index] = parent;
      index = parentIndex;
    }
    this.#entries[index] = entry;
  }

  /** When the earliest value is due; `undefined` when there is none. */
  nextAtMs(): number | undefined {
    return this.#entries[0]?.atMs;
  }

  /** Removes and gives the earliest value, if it is due at `nowMs`. */
  popDue(nowMs: number): T | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#entries.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.value;
  }

  #sink(entry: Entry<T>): void {
    let index = 0;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = this.#entries[childIndex];
      const right = this.#entries[childIndex + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex++;
      }
      if (child === undefined || !isBefore(child, entry)) break;
      this.#entries[index] = child;
      index = childIndex;
    }
    this.#entries[index] = entry;
  }
}

const isBefore = (a: Entry<unknown>, b: Entry<unknown>): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
