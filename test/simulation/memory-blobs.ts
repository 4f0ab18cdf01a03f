import type { ByteRange } from '../../shared/ports/blob-store.ts';

/** The blob store in memory, each call done at once. */
export class MemoryBlobs {
  readonly #blobs = new Map<string, Uint8Array>();

  put(key: string, body: Uint8Array): void {
    this.#blobs.set(key, Uint8Array.from(body));
  }

  get(key: string, range?: ByteRange): Uint8Array | undefined {
    const body = this.#blobs.get(key);
    return range === undefined ? body?.slice() : body?.slice(range.start, range.start + range.length);
  }
}
