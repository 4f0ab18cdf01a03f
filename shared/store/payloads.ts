import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { CorruptItemError, FanjoinError } from '../errors.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import type { Payload } from '../model/result.ts';
import { ANY_VERSION, PACKING_VERSION } from '../model/schema-version.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import { BoundedCache } from './bounded-cache.ts';

/** Text of blobs kept in memory: enough for the inputs of the nodes that run now. */
const CACHE_CHARACTERS = 32_000_000;

/** What stands beside a value in an item, as a rule. */
const BESIDE_BYTES = 300;
const BYTES_PER_WRITE_UNIT = 1_024;

export interface PayloadOptions {
  /** Whether a value is packed where that makes its item cheaper to write. Default false. */
  readonly packs?: boolean | undefined;
}

export interface SaveOptions extends PayloadOptions {
  /** How often its item is written, each time whole. Default once. */
  readonly writes?: number;
}

/** Keeps JSON values: small ones in the item, as text or packed, large ones in the blob store. */
export class Payloads {
  readonly #blobs: BlobStore;
  readonly #packs: boolean;
  readonly #texts = new BoundedCache<string>({ bound: CACHE_CHARACTERS, weigh: ({ length }) => length });

  constructor(blobs: BlobStore, { packs = false }: PayloadOptions = {}) {
    this.#blobs = blobs;
    this.#packs = packs;
  }

  /**
   * @param folder where a large value goes. Its key there is named by its content: two writers that made different
   *   values never overwrite each other's, and the loser's is simply not referred to.
   * @throws {FanjoinError} `PAYLOAD_TOO_LARGE`
   */
  async save(value: Json, folder: string, options?: SaveOptions): Promise<Payload> {
    return this.saveText(JSON.stringify(value), folder, options);
  }

  /** The same of a value's JSON. `packs: false`: it goes into a message, which is JSON itself. */
  async saveText(
    text: string,
    folder: string,
    { packs = this.#packs, writes = 1 }: SaveOptions = {},
  ): Promise<Payload> {
    const bytes = Buffer.byteLength(text);
    const isInline = bytes <= LIMITS.inlinePayloadBytes;
    const packed = packs ? pack(text, bytes, LIMITS.inlinePayloadBytes / (isInline ? 1 : writes)) : undefined;
    if (packed !== undefined) return { packed, bytes };
    if (isInline) return { inline: text };
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
    return 'blob' in payload ? this.#texts.get(payload.blob, () => this.#read(payload.blob)) : textOf(payload);
  }

  async #read(key: string): Promise<string> {
    const body = await this.#blobs.get(key);
    if (body === undefined) throw new CorruptItemError(`The blob '${key}'`, 'it is not there');
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  }
}

/** The JSON of a value that lies in its item. */
export const textOf = (payload: InItem): string =>
  'inline' in payload ? payload.inline : inflateRawSync(payload.packed).toString('utf8');
export type InItem = Exclude<Payload, { readonly blob: string }>;

/** Bytes that a value takes in its item, beside what names a blob. */
export const bytesInItem = (payload: Payload): number => {
  if ('blob' in payload) return 0;
  return 'inline' in payload ? Buffer.byteLength(payload.inline) : payload.packed.byteLength;
};

/** What items say whose values older code could not read. */
export const versionOf = (...payloads: readonly (Payload | undefined)[]): number =>
  payloads.some((payload) => payload !== undefined && 'packed' in payload) ? PACKING_VERSION : ANY_VERSION;

/** `undefined`: it would not be cheaper. */
function pack(text: string, bytes: number, mostBytes: number): Uint8Array<ArrayBuffer> | undefined {
  if (writeUnits(bytes) === 1 || bytes > LIMITS.packedPayloadBytes) return undefined;
  const packed = deflateRawSync(text);
  return packed.length <= mostBytes && writeUnits(packed.length) < writeUnits(bytes) ? packed : undefined;
}

const writeUnits = (bytes: number): number => Math.ceil((BESIDE_BYTES + bytes) / BYTES_PER_WRITE_UNIT);
