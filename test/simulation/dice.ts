/**
 * Draws that a seed and a name determine. Each draw stands for itself: one that is left out, as when a failing run is
 * shrunk, changes none of the others.
 */
export class Dice {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = mix(seed >>> 0);
  }

  /** In [0, 1). */
  readonly roll = (name: string): number => {
    let hash = this.#seed;
    // FNV-1a.
    for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
    return mix(hash) / 4_294_967_296;
  };

  chance(name: string, probability: number): boolean {
    return probability > 0 && this.roll(name) < probability;
  }

  /** From `low` to `high`, both included. */
  int(name: string, low: number, high: number): number {
    return low + Math.floor(this.roll(name) * (high - low + 1));
  }

  pick<T>(name: string, values: readonly T[]): T {
    const value = values[this.int(name, 0, values.length - 1)];
    if (value === undefined) throw new RangeError('There is nothing to pick from');
    return value;
  }
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
