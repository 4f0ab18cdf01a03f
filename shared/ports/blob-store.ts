import type { ValueLink } from '../model/value-link.ts';

export interface ByteRange {
  /** First byte, from 0. */
  readonly start: number;
  /** Number of bytes, at least 1. */
  readonly length: number;
}

/** Large payloads beside the table, under keys that are written once. */
export interface BlobStore {
  /** Resolves when `body` is durable. Overwrites. */
  put(key: string, body: Uint8Array): Promise<void>;
  /** The whole blob or a range of it, cut at the blob's end; `undefined` if there is none under `key`. */
  get(key: string, range?: ByteRange): Promise<Uint8Array | undefined>;
}

export interface StoredBlob {
  readonly key: string;
  readonly bytes: number;
}

/** Lets others fetch a blob by themselves, for a while and without credentials of their own. */
export interface BlobLinks {
  /** Whether there is such a blob is not looked at. */
  link(blob: StoredBlob): Promise<ValueLink>;
}
