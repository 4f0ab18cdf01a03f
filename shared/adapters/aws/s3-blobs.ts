import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { BlobsUnavailableError, describeCause, FanjoinError } from '../../errors.ts';
import type { BlobStore, ByteRange } from '../../ports/blob-store.ts';
import { errorName, httpStatus, isTransient } from './service-errors.ts';

export interface S3BlobStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

/**
 * Blobs as S3 objects. The role needs `s3:ListBucket` on the bucket besides reading and writing: without it S3 answers
 * 403 instead of 404 for a key that does not exist.
 */
export class S3BlobStore implements BlobStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor({ client, bucket }: S3BlobStoreOptions) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    try {
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body }));
    } catch (error) {
      throw toBlobError('put', key, error);
    }
  }

  async get(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const command = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ...(range !== undefined && { Range: `bytes=${range.start}-${range.start + range.length - 1}` }),
    });
    try {
      const { Body } = await this.#client.send(command);
      // Read within the try: a connection may break half-way through a body.
      return await Body?.transformToByteArray();
    } catch (error) {
      if (errorName(error) === 'NoSuchKey') return undefined;
      // The range begins behind the blob's end: there is a blob, and nothing of it there.
      if (errorName(error) === 'InvalidRange' || httpStatus(error) === 416) return new Uint8Array();
      throw toBlobError('get', key, error);
    }
  }
}

function toBlobError(operation: string, key: string, error: unknown): Error {
  if (isTransient(error)) return new BlobsUnavailableError(operation, key, error);
  return new FanjoinError(
    'BLOBS_REJECTED',
    `The blob store refused the request (${operation} ${key}): ${describeCause(error)}`,
    {
      cause: error,
      details: { key },
    },
  );
}
