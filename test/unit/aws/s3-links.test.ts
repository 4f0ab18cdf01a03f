import { createHash, createHmac } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { S3Links } from '../../../shared/adapters/aws/s3-links.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG',
  sessionToken: 'a+b/c=',
};
const nowMs = Date.UTC(2026, 10, 23, 10, 20, 30);
const clock = { nowMs: () => nowMs, after: () => () => undefined };

const linksOf = (options: { endpoint?: string } = {}) =>
  new S3Links({ client: new S3Client({ region: 'eu-west-1', credentials, ...options }), bucket: 'payloads', clock });

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/**
 * The signature as S3 computes it, from nothing but the URL.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
function signatureOf({ host, pathname, search }: URL): string {
  const signed = search
    .slice(1)
    .split('&')
    .filter((part) => !part.startsWith('X-Amz-Signature='))
    .toSorted();
  const request = ['GET', pathname, signed.join('&'), `host:${host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const scope = '20261123/eu-west-1/s3/aws4_request';
  const text = ['AWS4-HMAC-SHA256', '20261123T102030Z', scope, sha256(request)].join('\n');
  const key = ['20261123', 'eu-west-1', 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  return hmac(key, text).toString('hex');
}

it('a link is an address of the bucket, signed as S3 checks it, with the token of temporary credentials', async () => {
  const { url, ...rest } = await linksOf().link({ key: "executions/a b/(1)'s/ü.json", bytes: 7 });
  const parsed = new URL(url);

  expect(parsed.origin).toBe('https://payloads.s3.eu-west-1.amazonaws.com');
  expect(parsed.pathname).toBe('/executions/a%20b/%281%29%27s/%C3%BC.json');
  expect(Object.fromEntries(parsed.searchParams)).toMatchObject({
    'X-Amz-Expires': '900',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Security-Token': 'a+b/c=',
    'response-content-type': 'application/json',
  });
  expect(parsed.searchParams.get('X-Amz-Signature')).toBe(signatureOf(parsed));
  expect(rest).toEqual({ bytes: 7, expiresAtMs: nowMs + 900_000 });
});

it('a link leads to where the client itself would go', async () => {
  const { url } = await linksOf({ endpoint: 'http://127.0.0.1:4566' }).link({ key: 'a.json', bytes: 1 });

  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4566\/payloads\/a\.json\?/);
  expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(signatureOf(new URL(url)));
});
