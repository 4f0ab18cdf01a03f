import { describeCause, FanjoinError } from '../../errors.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/** A request about to be sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Gives the headers that say who sends a request. They go before its own. */
export type Authorize = (
  request: OutgoingRequest,
) => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>;

export interface SigningOptions {
  /** Default: as the AWS SDK finds them, in the environment, the profile, or of the machine's role. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined;
  readonly region: string;
}

/** The service that requests to an API of API Gateway are signed for. */
export const API_SERVICE = 'execute-api';

/** The region in the host name of an API of API Gateway. */
export const regionOfHost = (host: string): string | undefined =>
  /\.execute-api\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.exec(host)?.[1];

/**
 * Signs requests by Signature Version 4. The libraries are loaded with the first one: who calls no deployed API does
 * without them.
 */
export function signRequests({ credentials, region }: SigningOptions): Authorize {
  const loading = once(() => loadSigner(credentials, region));
  return async ({ method, url, headers, body }) => {
    const signer = await loading();
    const { host: _host, ...signed } = (
      await signer.sign(toSignable({ method, url, headers: { ...headers, host: url.host }, body }))
    ).headers;
    return signed;
  };
}

/** A request in the form the signer takes. */
export function toSignable<Body>({
  url,
  method,
  headers,
  body,
}: {
  url: URL;
  method: string;
  headers: Readonly<Record<string, string>>;
  body: Body;
}) {
  const query: Record<string, string[]> = {};
  for (const name of url.searchParams.keys()) query[name] = url.searchParams.getAll(name);
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query,
    headers: { ...headers },
    body,
  };
}

async function loadSigner(credentials: SigningOptions['credentials'], region: string) {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@smithy/core/checksum'),
  ]);
  return new SignatureV4({
    credentials: credentials ?? (await defaultCredentials()),
    region,
    service: API_SERVICE,
    sha256: Sha256,
  });
}

async function defaultCredentials(): Promise<() => Promise<AwsCredentials>> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const provide = defaultProvider();
  return async () => {
    try {
      return await provide();
    } catch (error) {
      throw new FanjoinError(
        'CREDENTIALS_MISSING',
        `Requests to this endpoint are signed, and there are no AWS credentials: ${describeCause(error)}. ` +
          'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or pass `credentials`.',
        { cause: error },
      );
    }
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
