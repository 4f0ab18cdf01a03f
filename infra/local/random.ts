import { createHash } from 'node:crypto';

/** Gives the next of evenly spread numbers in [0, 1). */
export type Random = () => number;

/** Numbers that the same seed and purpose give again. What another purpose draws does not change them. */
export function seededRandom(seed: number, purpose: string): Random {
  return mulberry32(createHash('sha256').update(`${seed} ${purpose}`).digest().readInt32BE());
}

function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
