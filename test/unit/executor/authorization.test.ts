import { describe, expect, it, vi } from 'vitest';
import { authorizationOf } from '../../../shared/executor/authorization.ts';

const AWS = new URL('https://abc123.execute-api.eu-west-1.amazonaws.com');
const OTHER = new URL('http://127.0.0.1:4000');
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };

const request = (url: URL) => ({ method: 'GET', url, headers: {}, body: undefined });

/** `key/day/region/service/…` of the signature, without the day. */
async function scopeOf(
  url: URL,
  options: Parameters<typeof authorizationOf>[1],
  environment: Record<string, string> = {},
) {
  const headers = await authorizationOf(url, options, environment)?.(request(url));
  return /Credential=(\S+?),/.exec(headers?.authorization ?? '')?.[1]?.replace(/\/\d{8}/, '');
}

describe('requests', () => {
  it('to an API of API Gateway are signed for the region of its host', async () => {
    expect(await scopeOf(AWS, { credentials })).toBe('key/eu-west-1/execute-api/aws4_request');
    expect(await scopeOf(AWS, { credentials }, { AWS_REGION: 'us-east-1' })).toContain('/eu-west-1/');
    expect(await scopeOf(new URL('https://x.execute-api.cn-north-1.amazonaws.com.cn'), { credentials })).toContain(
      '/cn-north-1/',
    );
    expect(authorizationOf(AWS, {}, {})).toBeDefined();
  });

  it('to another host are signed where a region and credentials are known', async () => {
    expect(await scopeOf(OTHER, { credentials, region: 'eu-north-1' })).toContain('/eu-north-1/');
    expect(await scopeOf(OTHER, { credentials }, { AWS_REGION: 'us-west-2' })).toContain('/us-west-2/');
    expect(authorizationOf(OTHER, {}, { ...keys, AWS_REGION: 'us-west-2' })).toBeDefined();
    expect(authorizationOf(OTHER, {}, { AWS_PROFILE: 'work', AWS_DEFAULT_REGION: 'us-west-2' })).toBeDefined();
  });

  it('to another host are not signed where the environment says only half', () => {
    for (const environment of [{}, keys, { AWS_REGION: 'us-west-2' }])
      expect(authorizationOf(OTHER, {}, environment)).toBeUndefined();
    // One that only looks like it.
    expect(
      authorizationOf(new URL('https://execute-api.eu-west-1.amazonaws.com.evil.example'), {}, {}),
    ).toBeUndefined();
  });

  it('cannot be signed for a region nobody names', () => {
    expect(() => authorizationOf(OTHER, { credentials }, {})).toThrow(/pass `region`, or set AWS_REGION/);
  });

  it('say who sends them in another way if told so', async () => {
    const authorize = authorizationOf(AWS, { authorize: () => ({ authorization: 'Bearer token' }) }, keys);

    expect(await authorize?.(request(AWS))).toEqual({ authorization: 'Bearer token' });
  });

  it('carry the token of temporary credentials', async () => {
    const temporary = async () => ({ ...credentials, sessionToken: 'token' });

    const headers = await authorizationOf(AWS, { credentials: temporary }, {})?.(request(AWS));

    expect(headers).toMatchObject({ 'x-amz-security-token': 'token' });
  });

  it('cannot be sent where nobody has credentials, which is said once and for all', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE']) vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/dev/null');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');

    await expect(authorizationOf(AWS, {}, {})?.(request(AWS))).rejects.toMatchObject({
      code: 'CREDENTIALS_MISSING',
      retryable: false,
      message: expect.stringMatching(/Set AWS_ACCESS_KEY_ID/),
    });
    vi.unstubAllEnvs();
  });
});
