/** A set of small numbers as bits: number `i` is bit `i & 7` of byte `i >> 3`. */
export type Bits = Uint8Array;

export const emptyBits = (size: number): Bits => new Uint8Array((size + 7) >> 3);

/** A copy of its own, whatever subclass `bits` is: a `Buffer`'s slice would share its memory. */
export const copyBits = (bits: Bits): Bits => new Uint8Array(bits);

/** Copies these sets, each once, in one piece of memory: to get hold of memory takes longer than to fill it. */
export function copier(sets: readonly Bits[]): (bits: Bits) => Bits {
  const buffer = new ArrayBuffer(sets.reduce((bytes, { length }) => bytes + aligned(length), 0));
  let offset = 0;
  return (bits) => {
    const copy = new Uint8Array(buffer, offset, bits.length);
    copy.set(bits);
    offset += aligned(bits.length);
    return copy;
  };
}

/** Up to whole words. */
const aligned = (bytes: number): number => (bytes + 3) & ~3;

export const hasBit = (bits: Bits, index: number): boolean => (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;

export function setBit(bits: Bits, index: number): void {
  const byte = index >> 3;
  bits[byte] = (bits[byte] ?? 0) | (1 << (index & 7));
}

export function clearBit(bits: Bits, index: number): void {
  const byte = index >> 3;
  bits[byte] = (bits[byte] ?? 0) & ~(1 << (index & 7));
}

/** The members, ascending. */
export function* membersOf(bits: Bits): Generator<number, undefined> {
  const words = wordsOf(bits);
  for (let byte = 0; byte < bits.length; byte++) {
    if ((byte & 3) === 0) byte = passEmpty(words, byte);
    const value = bits[byte] ?? 0;
    if (value === 0) continue;
    for (let bit = 0; bit < 8; bit++) if ((value >> bit) & 1) yield byte * 8 + bit;
  }
}

/** Four bytes each: of a large set most are empty, and passed over at once. None where they do not stand so in memory. */
const wordsOf = ({ buffer, byteOffset, length }: Bits): Uint32Array =>
  byteOffset % 4 === 0 ? new Uint32Array(buffer, byteOffset, length >> 2) : NO_WORDS;
const NO_WORDS = new Uint32Array(0);

function passEmpty(words: Uint32Array, byte: number): number {
  let word = byte >> 2;
  while (words[word] === 0) word++;
  return word << 2;
}

export function countBits(bits: Bits): number {
  let count = 0;
  for (const byte of bits) {
    let rest = byte;
    while (rest !== 0) {
      rest &= rest - 1;
      count++;
    }
  }
  return count;
}

/** The members as ranges: `0-2,7` — short where members are neighbours. */
export function toRanges(members: Iterable<number>): string {
  const ranges: string[] = [];
  let start = -1;
  let end = -2;
  const close = () => {
    if (start >= 0) ranges.push(start === end ? `${start}` : `${start}-${end}`);
  };
  for (const member of members) {
    if (member === end + 1) {
      end = member;
      continue;
    }
    close();
    start = member;
    end = member;
  }
  close();
  return ranges.join(',');
}

/** The members that {@link toRanges} wrote. */
export function* fromRanges(ranges: string): Generator<number> {
  if (ranges === '') return;
  for (const range of ranges.split(',')) {
    const [first = '', last = first] = range.split('-');
    for (let member = Number(first); member <= Number(last); member++) yield member;
  }
}
