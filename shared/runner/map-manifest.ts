import { createHash } from 'node:crypto';
import { CorruptItemError } from '../errors.ts';
import type { Json } from '../model/json.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import { BoundedCache } from '../store/bounded-cache.ts';

/** An offset is eight bytes, big-endian; there is one more than chunks. */
const OFFSET_BYTES = 8;

/**
 * Writes a map's items as one blob from which any chunk can be read by two short ranges: the offsets of all chunks,
 * then each chunk's items as a JSON array.
 *
 * @returns its key, named by the content: two planners that saw different items never mix
 */
export async function writeManifest(
  blobs: BlobStore,
  folder: string,
  items: readonly Json[],
  chunkSize: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  for (let start = 0; start < items.length; start += chunkSize) {
    chunks.push(Buffer.from(JSON.stringify(items.slice(start, start + chunkSize))));
  }
  const head = Buffer.alloc((chunks.length + 1) * OFFSET_BYTES);
  let offset = head.length;
  for (const [index, chunk] of chunks.entries()) {
    head.writeBigUInt64BE(BigInt(offset), index * OFFSET_BYTES);
    offset += chunk.length;
  }
  head.writeBigUInt64BE(BigInt(offset), chunks.length * OFFSET_BYTES);
  const body = Buffer.concat([head, ...chunks]);
  const key = `${folder}/items-${createHash('sha256').update(body).digest('hex').slice(0, 32)}`;
  await blobs.put(key, body);
  return key;
}

/** What is read of a manifest at once: neighbouring chunks are asked for next. */
const SEGMENT_BYTES = 262_144;
const CACHED_BYTES = 64 * SEGMENT_BYTES;

/** Reads manifests, in parts that it remembers: they never change. */
export class ManifestReader {
  readonly #blobs: BlobStore;
  readonly #segments = new BoundedCache<Buffer>({ bound: CACHED_BYTES, weigh: ({ length }) => length });

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** The items of chunk number `chunk`, from 0. */
  async read(key: string, chunk: number): Promise<readonly Json[]> {
    const head = await this.#range(key, chunk * OFFSET_BYTES, 2 * OFFSET_BYTES);
    const start = Number(head.readBigUInt64BE(0));
    const end = Number(head.readBigUInt64BE(OFFSET_BYTES));
    return JSON.parse((await this.#range(key, start, end - start)).toString('utf8'));
  }

  async #range(key: string, start: number, length: number): Promise<Buffer> {
    const found =
      length < SEGMENT_BYTES ? await this.#fromSegments(key, start, length) : await this.#get(key, start, length);
    if (found?.length !== length)
      throw new CorruptItemError(`The map manifest '${key}'`, `${length} bytes from ${start} are not there`);
    return found;
  }

  async #fromSegments(key: string, start: number, length: number): Promise<Buffer> {
    const first = Math.floor(start / SEGMENT_BYTES);
    const last = Math.floor((start + length - 1) / SEGMENT_BYTES);
    const from = start - first * SEGMENT_BYTES;
    if (first === last) return (await this.#segment(key, first)).subarray(from, from + length);
    const parts = await Promise.all([this.#segment(key, first), this.#segment(key, last)]);
    return Buffer.concat(parts).subarray(from, from + length);
  }

  #segment(key: string, segment: number): Promise<Buffer> {
    return this.#segments.get(`${segment} ${key}`, () => this.#get(key, segment * SEGMENT_BYTES, SEGMENT_BYTES));
  }

  async #get(key: string, start: number, length: number): Promise<Buffer> {
    const body = await this.#blobs.get(key, { start, length });
    if (body === undefined) throw new CorruptItemError(`The map manifest '${key}'`, 'it is not there');
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
}
