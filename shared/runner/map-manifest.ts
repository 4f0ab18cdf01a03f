import { createHash } from 'node:crypto';
import { CorruptItemError } from '../errors.ts';
import type { Json } from '../model/json.ts';
import type { BlobStore } from '../ports/blob-store.ts';

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

/** The items of chunk number `chunk`, from 0. */
export async function readManifest(blobs: BlobStore, key: string, chunk: number): Promise<readonly Json[]> {
  const head = await readRange(blobs, key, chunk * OFFSET_BYTES, 2 * OFFSET_BYTES);
  const start = Number(head.readBigUInt64BE(0));
  const end = Number(head.readBigUInt64BE(OFFSET_BYTES));
  return JSON.parse((await readRange(blobs, key, start, end - start)).toString('utf8'));
}

async function readRange(blobs: BlobStore, key: string, start: number, length: number): Promise<Buffer> {
  const body = await blobs.get(key, { start, length });
  if (body?.length !== length)
    throw new CorruptItemError(`The map manifest '${key}'`, `${length} bytes from ${start} are not there`);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
