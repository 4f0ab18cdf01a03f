import { describe, expect, it } from 'vitest';
import { type SignedRequest, verifySignature } from '../../infra/local/verify-signature.ts';
import { signRequests } from '../../shared/adapters/aws/sign-requests.ts';

const caller = {
  credentials: { accessKeyId: 'LOCALKEY', secretAccessKey: 'local-secret' },
  region: 'us-east-1',
};
const API = 'http://127.0.0.1:4000';

/** A request that the client signs now, and then may be changed. */
async function signed(
  change: Partial<SignedRequest> = {},
  signer: Parameters<typeof signRequests>[0] = caller,
): Promise<SignedRequest> {
  const url = new URL(`${API}/executions?searchAttributes%5Bcustomer%5D=c%201&limit=2`);
  const request = { method: 'POST', url, headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
  const headers = { ...(await signRequests(signer)(request)), host: url.host };
  return { ...request, headers, body: Buffer.from(request.body), ...change };
}
const refusal = (request: SignedRequest, nowMs = Date.now()) => verifySignature(request, caller, nowMs);

describe('a signature', () => {
  it('that the client made is taken', async () => {
    expect(await refusal(await signed())).toBeUndefined();
  });

  it('is not needed in full: what the gateway adds to the headers is not signed', async () => {
    const { headers, ...rest } = await signed();

    expect(await refusal({ ...rest, headers: { ...headers, 'x-forwarded-for': '127.0.0.1' } })).toBeUndefined();
  });

  it('that botocore made is taken', async () => {
    const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    const request = (method: string, path: string, signedHeaders: string, signature: string, body = '') => ({
      ...{ method, url: new URL(API + path), body: Buffer.from(body) },
      headers: {
        host: '127.0.0.1:4000',
        'x-amz-date': '20260102T030405Z',
        ...(body !== '' && { 'content-type': 'application/json' }),
        authorization: `AWS4-HMAC-SHA256 Credential=LOCALKEY/20260102/us-east-1/execute-api/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
      },
    });
    const post = request(
      ...(['POST', '/executions', 'content-type;host;x-amz-date'] as const),
      'bb9ca9a818570c2ed1fefae0bdb705546e5d7b0aaf12039baed6e8744385ea3d',
      '{"a":1}',
    );
    const query = request(
      ...(['GET', '/executions?searchAttributes%5Bcustomer%5D=c%201%2Fx&limit=2', 'host;x-amz-date'] as const),
      '22b1f8f7135a79a70e18d935b2a8d9f4524043fd3c90941b2049c467deb9da36',
    );
    const path = request(
      ...(['GET', '/checkpoints/a%20b.1/resume', 'host;x-amz-date'] as const),
      '736ee680a6d891ef6e312e5093f2f9f2a8a3b14971539aad91f6969b6f7eadc5',
    );

    expect(await Promise.all([post, query, path].map((one) => refusal(one, nowMs)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await refusal({ ...post, body: Buffer.from('{"a":2}') }, nowMs)).toMatch(/its signature is not/);
  });

  it('is asked for', async () => {
    const { headers, ...rest } = await signed();

    expect(await refusal({ ...rest, headers: { host: headers.host ?? '' } })).toBe('it is not signed');
    expect(await refusal({ ...rest, headers: { ...headers, authorization: 'Bearer token' } })).toMatch(
      /no Signature Version 4/,
    );
  });

  it('of another key, secret, session, region or service is refused', async () => {
    const { credentials, region } = caller;
    const by = (signer: Parameters<typeof signRequests>[0]) => signed({}, signer).then((request) => refusal(request));

    expect(await by({ region, credentials: { ...credentials, secretAccessKey: 'wrong' } })).toMatch(/its signature/);
    expect(await by({ region, credentials: { ...credentials, accessKeyId: 'OTHER' } })).toMatch(/OTHER is not known/);
    expect(await by({ region, credentials: { ...credentials, sessionToken: 'token' } })).toMatch(/session token/);
    expect(await by({ region: 'eu-west-1', credentials })).toMatch(/signed for execute-api in eu-west-1/);
  });

  it('holds for one method, path, query, body and set of headers', async () => {
    const { headers } = await signed();
    const url = (path: string) => new URL(API + path);
    const changes: Partial<SignedRequest>[] = [
      { method: 'PUT' },
      { url: url('/workflows?searchAttributes%5Bcustomer%5D=c%201&limit=2') },
      { url: url('/executions?searchAttributes%5Bcustomer%5D=c%202&limit=2') },
      { url: url('/executions?searchAttributes%5Bcustomer%5D=c%201&limit=2&status=FAILED') },
      { body: Buffer.from('{"a":2}') },
      { headers: { ...headers, 'content-type': 'text/plain' } },
      { headers: { ...headers, host: 'elsewhere' } },
      { headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    ];

    for (const change of changes) expect(await refusal(await signed(change))).toMatch(/^its (body|signature) is not/);
  });

  it('signs the host and the date, whatever else', async () => {
    const { headers, ...rest } = await signed();
    const authorization = headers.authorization?.replace(';host', '') ?? '';

    expect(await refusal({ ...rest, headers: { ...headers, authorization } })).toBe(
      'its host and x-amz-date must be signed',
    );
  });

  it('is good for five minutes, before and after', async () => {
    const request = await signed();
    const minutes = (count: number) => refusal(request, Date.now() + count * 60_000);

    expect(await Promise.all([minutes(4), minutes(-4)])).toEqual([undefined, undefined]);
    expect(await minutes(6)).toMatch(/it was signed at/);
    expect(await minutes(-6)).toMatch(/it was signed at/);
    expect(await refusal({ ...request, headers: { ...request.headers, 'x-amz-date': 'yesterday' } })).toMatch(
      /no x-amz-date/,
    );
  });
});
