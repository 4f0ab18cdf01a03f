import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BlobStore } from '../../shared/ports/blob-store.ts';

/** Above three parts of the local twin, and no multiple of one. */
const LARGE = Uint8Array.from({ length: 800_001 }, (_, index) => (index * 31) % 251);

export function blobsContract(store: () => BlobStore): void {
  const aKey = () => `test/${randomUUID()}.json`;

  it('gives back what was put, of any size', async () => {
    for (const body of [new Uint8Array(), new Uint8Array([0, 255]), LARGE]) {
      const key = aKey();

      await store().put(key, body);

      expect(Buffer.compare((await store().get(key)) ?? Buffer.from('absent'), body)).toBe(0);
    }
  });

  it('answers undefined for a key that is not there', async () => {
    expect(await store().get(aKey())).toBeUndefined();
    expect(await store().get(aKey(), { start: 0, length: 1 })).toBeUndefined();
  });

  it('overwrites, also with something shorter', async () => {
    const key = aKey();
    await store().put(key, LARGE);

    await store().put(key, new Uint8Array([1, 2, 3]));

    expect(await store().get(key)).toStrictEqual(new Uint8Array([1, 2, 3]));
    expect(await store().get(key, { start: 2, length: 600_000 })).toStrictEqual(new Uint8Array([3]));
  });

  it('takes keys of any characters', async () => {
    const key = `${aKey()} grün/#?&%20 😀`;

    await store().put(key, new Uint8Array([1]));

    expect(await store().get(key)).toStrictEqual(new Uint8Array([1]));
  });

  it('gives nothing of a range that begins behind the end', async () => {
    const key = aKey();
    const emptyKey = aKey();
    await store().put(key, new Uint8Array([1, 2]));
    await store().put(emptyKey, new Uint8Array());

    expect(await store().get(key, { start: 2, length: 5 })).toStrictEqual(new Uint8Array());
    expect(await store().get(key, { start: 1_000_000, length: 5 })).toStrictEqual(new Uint8Array());
    expect(await store().get(emptyKey, { start: 0, length: 1 })).toStrictEqual(new Uint8Array());
  });

  it('gives any range as a slice of the whole would', async () => {
    const key = aKey();
    await store().put(key, LARGE);
    // Around the edges of the local twin's parts (262,144 bytes), and anywhere.
    const start = fc.oneof(
      fc.integer({ min: 0, max: LARGE.length - 1 }),
      fc.constantFrom(0, 262_143, 262_144, 262_145, 524_288, 800_000),
    );
    const length = fc.oneof(fc.integer({ min: 1, max: LARGE.length }), fc.constantFrom(1, 262_144, 262_145));

    await fc.assert(
      fc.asyncProperty(start, length, async (from, count) => {
        const range = await store().get(key, { start: from, length: count });

        expect(Buffer.compare(range ?? Buffer.from('absent'), LARGE.subarray(from, from + count))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
}
