export interface CacheBounds<T> {
  /** Of all values together, in what `weigh` gives. */
  readonly bound: number;
  /** Default: 1 each. */
  readonly weigh?: (value: T) => number;
}

/** What stands in no relation to the others is not worth their places. */
const LARGEST_SHARE = 1 / 4;

/**
 * Values that never change, by key, as many as fit: the least recently used go first. One of more than a quarter of the
 * bound is not kept, nor is `undefined`, which may become a value. Who asks for one that is being loaded waits for that load.
 */
export class BoundedCache<T> {
  readonly #bound: number;
  readonly #weigh: (value: T) => number;
  /** Least recently used first. */
  readonly #values = new Map<string, T>();
  readonly #loading = new Map<string, Promise<T>>();
  #weight = 0;

  constructor({ bound, weigh = () => 1 }: CacheBounds<T>) {
    this.#bound = bound;
    this.#weigh = weigh;
  }

  /** @param load called if the value is neither there nor on its way; what it throws is kept for nobody else */
  async get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key);
    if (known !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, known);
      return known;
    }
    const under = this.#loading.get(key);
    if (under !== undefined) return under;
    const loading = load();
    this.#loading.set(key, loading);
    try {
      const value = await loading;
      this.keep(key, value);
      return value;
    } finally {
      this.#loading.delete(key);
    }
  }

  keep(key: string, value: T): void {
    if (value === undefined) return;
    const weight = this.#weigh(value);
    if (weight > this.#bound * LARGEST_SHARE || this.#values.has(key)) return;
    this.#values.set(key, value);
    this.#weight += weight;
    for (const [oldest, old] of this.#values) {
      if (this.#weight <= this.#bound) break;
      this.#values.delete(oldest);
      this.#weight -= this.#weigh(old);
    }
  }
}
