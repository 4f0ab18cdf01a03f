import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

/** Random bytes are asked for so many at a time: to ask costs more than to make them. */
const POOL = new Uint8Array(4_096);
let used = POOL.length;

/** In [0, 1), in steps of 1/256: a character of an id takes 32 of them. */
function random(): number {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  return (POOL[used++] ?? 0) / 256;
}

/** A time-ordered id that nobody can guess. @param nowMs default: now */
export const newId = (nowMs?: number): string => ulid(nowMs, random);
