import { createHash } from 'node:crypto';
import { CorruptItemError, FanjoinError } from '../errors.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import type { Payload } from '../model/result.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import { BoundedCache } from './bounded-cache.ts';

/** Text of blobs kept in memory: enough for the inputs of the nodes that run now. */
const CACHE_CHARACTERS = 32_000_000;

/** Keeps JSON values: small ones as text in the item, large ones in the blob store. */
export class Payloads {
  readonly #blobs: BlobStore;
  readonly #texts = new BoundedCache<string>({ bound: CACHE_CHARACTERS, weigh: ({ length }) => length });

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * @param folder where a large value goes. Its key there is named by its content: two writers that made different
   *   values never overwrite each other's, and the loser's is simply not referred to.
   * @throws {FanjoinError} `PAYLOAD_TOO_LARGE`
   */
  async save(value: Json, folder: string): Promise<Payload> {
    return this.saveText(JSON.stringify(value), folder);
  }

  async saveText(text: string, folder: string): Promise<Payload> {
    if (text.length <= LIMITS.inlinePayloadBytes && Buffer.byteLength(text) <= LIMITS.inlinePayloadBytes)
      return { inline: text };
    const body = Buffer.from(text);
    if (body.length > LIMITS.maxPayloadBytes) {
      throw new FanjoinError(
        'PAYLOAD_TOO_LARGE',
        `A value has ${body.length} bytes of JSON; at most ${LIMITS.maxPayloadBytes} are allowed`,
      );
    }
    const key = `${folder}/${createHash('sha256').update(body).digest('hex').slice(0, 32)}.json`;
    await this.#blobs.put(key, body);
    this.#texts.keep(key, text);
    return { blob: key, bytes: body.length };
  }

  async load(payload: Payload): Promise<Json> {
    return JSON.parse(await this.loadText(payload));
  }

  async loadText(payload: Payload): Promise<string> {
    if ('inline' in payload) return payload.inline;
    return this.#texts.get(payload.blob, () => this.#read(payload.blob));
  }

  async #read(key: string): Promise<string> {
    const body = await this.#blobs.get(key);
    if (body === undefined) throw new CorruptItemError(`The blob '${key}'`, 'it is not there');
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  }
}
