import { createHash } from 'node:crypto';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { API_SERVICE, type AwsCredentials, toSignable } from '../../shared/adapters/aws/sign-requests.ts';

/** What API Gateway puts up with between a client's clock and its own. */
const MAX_SKEW_MS = 5 * 60_000;

/** Who may call, and where. */
export interface Caller {
  readonly credentials: AwsCredentials;
  readonly region: string;
}

export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request,\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/;

/**
 * Why a request is not taken for one of the caller's; `undefined` if it is signed right, by Signature Version 4 in its
 * headers.
 */
export async function verifySignature(
  { method, url, headers, body }: SignedRequest,
  { credentials, region }: Caller,
  nowMs: number,
): Promise<string | undefined> {
  const { authorization } = headers;
  if (authorization === undefined) return 'it is not signed';
  const [, accessKeyId, day, ofRegion, service, signedHeaders = '', signature] =
    AUTHORIZATION.exec(authorization) ?? [];
  if (signature === undefined) return 'its Authorization header is no Signature Version 4';
  if (accessKeyId !== credentials.accessKeyId) return `the access key ${accessKeyId} is not known here`;
  if (headers['x-amz-security-token'] !== undefined) return 'its session token is not known here';
  if (ofRegion !== region || service !== API_SERVICE)
    return `it is signed for ${service} in ${ofRegion}, not for ${API_SERVICE} in ${region}`;
  const signedAtMs = timeOf(headers['x-amz-date'] ?? '');
  if (signedAtMs === undefined || !headers['x-amz-date']?.startsWith(day ?? ''))
    return 'it has no x-amz-date of that day';
  if (Math.abs(nowMs - signedAtMs) > MAX_SKEW_MS) return `it was signed at ${new Date(signedAtMs).toISOString()}`;
  const names = signedHeaders.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return 'its host and x-amz-date must be signed';
  const hash = headers['x-amz-content-sha256'];
  if (hash !== undefined && hash !== createHash('sha256').update(body).digest('hex'))
    return 'its body is not what its x-amz-content-sha256 says';
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256, applyChecksum: false });
  const expected = await signer.sign(
    toSignable({ method, url, headers: Object.fromEntries(names.map((name) => [name, headers[name] ?? ''])), body }),
    { signingDate: new Date(signedAtMs), signableHeaders: new Set(names) },
  );
  return expected.headers.authorization?.endsWith(`Signature=${signature}`) === true
    ? undefined
    : 'its signature is not what these credentials give for it';
}

/** Of `20261123T090711Z`. */
function timeOf(date: string): number | undefined {
  const [, year, month, day, hours, minutes, seconds] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const timeMs = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
