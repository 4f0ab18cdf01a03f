import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Sha256 } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { FanjoinError } from '../../errors.ts';
import type { ValueLink } from '../../model/value-link.ts';
import type { BlobLinks, StoredBlob } from '../../ports/blob-store.ts';
import type { Clock } from '../../ports/clock.ts';

/** Long enough to fetch the largest value by a slow line, and short enough for a URL that found its way into a log. */
const VALID_SECONDS = 900;

export interface S3LinksOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: Clock;
}

/** Presigned URLs of objects, by Signature Version 4 in the query. Who signs them must be let `s3:GetObject`. */
export class S3Links implements BlobLinks {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #clock: Clock;
  readonly #signer: SignatureV4;

  constructor({ client, bucket, clock }: S3LinksOptions) {
    this.#client = client;
    this.#bucket = bucket;
    this.#clock = clock;
    const { credentials, region } = client.config;
    // As S3 has it: a key's characters are escaped once, and nothing is known of a body.
    const asS3 = { service: 's3', uriEscapePath: false, applyChecksum: false };
    this.#signer = new SignatureV4({ ...asS3, credentials, region, sha256: Sha256 });
  }

  async link({ key, bytes }: StoredBlob): Promise<ValueLink> {
    const { protocol, hostname, port, path, query } = await this.#requestFor(key);
    const host = port === undefined ? hostname : `${hostname}:${port}`;
    const nowMs = this.#clock.nowMs();
    const signed = await this.#signer.presign(
      new HttpRequest({
        ...{ method: 'GET', protocol, hostname, path, query },
        ...(port !== undefined && { port }),
        headers: { host, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' },
      }),
      { expiresIn: VALID_SECONDS, signingDate: new Date(nowMs) },
    );
    const search = Object.entries(signed.query ?? {}).flatMap(([name, value]) =>
      [value].flat().map((one) => `${encoded(name)}=${encoded(one ?? '')}`),
    );
    return {
      url: `${protocol}//${host}${path}?${search.join('&')}`,
      bytes,
      expiresAtMs: nowMs + VALID_SECONDS * 1_000,
    };
  }

  /** What the client would ask for, at the address it would ask: caught before it is signed and sent. */
  async #requestFor(key: string): Promise<HttpRequest> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key, ResponseContentType: 'application/json' });
    let caught: HttpRequest | undefined;
    command.middlewareStack.add(
      () =>
        ({ request }) => {
          if (HttpRequest.isInstance(request)) caught = request;
          return Promise.resolve({ response: undefined, output: { $metadata: {} } });
        },
      { step: 'finalizeRequest', priority: 'high', name: 'catchRequest' },
    );
    await this.#client.send(command);
    if (caught === undefined) throw new FanjoinError('BLOBS_REJECTED', `No URL can be made for the object '${key}'`);
    return caught;
  }
}

/** As signatures have it: `encodeURIComponent` leaves five characters that they do not. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
