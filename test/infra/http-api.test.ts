import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpApi } from '../../infra/local/http-api.ts';
import { LocalFunction } from '../../infra/local/local-function.ts';

const HANDLER = `export const handler = async (event) => {
  if (event.rawPath === '/throws') throw new Error('no');
  if (event.rawPath === '/plain') return { just: 'a value' };
  if (event.rawPath === '/large') return { statusCode: 200, body: 'x'.repeat(6_300_000) };
  if (event.rawPath === '/bytes') return { statusCode: 201, headers: { 'x-is': 7 }, cookies: ['a=1'], body: 'AAEC', isBase64Encoded: true };
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
};`;

describe('the HTTP API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-api-'));
  const file = join(folder, 'index.mjs');
  writeFileSync(file, HANDLER);
  const target = new LocalFunction({
    ...{ label: 'Api', file, exportName: 'handler', functionName: 'Api', functionArn: 'arn' },
    ...{ memoryMb: 128, env: {}, timeoutSeconds: 5, maxWorkers: 1, log: () => {} },
  });
  let api: HttpApi;
  beforeAll(async () => {
    const keys = ['POST /echo/{id}', 'GET /echo/{id}', 'GET /throws', 'GET /plain', 'GET /large', 'GET /bytes'];
    api = await HttpApi.start({ routes: keys.map((routeKey) => ({ routeKey, target })), log: () => {} });
  });
  afterAll(async () => {
    await Promise.all([api.stop(), target.stop()]);
    rmSync(folder, { recursive: true });
  });

  it('hands a request over in payload format 2.0', async () => {
    const headers = { 'content-type': 'application/json', cookie: 'a=1; b=2', 'X-Mixed': 'case' };
    const response = await fetch(`${api.url}/echo/a%20b?x=1&x=2&y=%26`, { method: 'POST', headers, body: '{"n":1}' });

    expect(await response.json()).toMatchObject({
      version: '2.0',
      routeKey: 'POST /echo/{id}',
      rawQueryString: 'x=1&x=2&y=%26',
      queryStringParameters: { x: '1,2', y: '&' },
      pathParameters: { id: 'a b' },
      cookies: ['a=1', 'b=2'],
      headers: { 'x-mixed': 'case', 'content-type': 'application/json' },
      body: '{"n":1}',
      isBase64Encoded: false,
      requestContext: { http: { method: 'POST' }, stage: '$default', routeKey: 'POST /echo/{id}' },
    });
  });

  it('has no body, query or cookies where the request has none', async () => {
    const event = await (await fetch(`${api.url}/echo/a`)).json();

    for (const name of ['body', 'queryStringParameters', 'cookies']) expect(event).not.toHaveProperty(name);
  });

  it('hands bytes over in base64', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await fetch(`${api.url}/echo/a`, { method: 'POST', headers, body: new Uint8Array([0, 255]) });

    expect(await response.json()).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });

  it('gives back status, headers, cookies and bytes', async () => {
    const response = await fetch(`${api.url}/bytes`);

    expect(response.status).toBe(201);
    expect(response.headers.get('x-is')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1']);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([0, 1, 2]));
  });

  it('takes a result without a status for a body', async () => {
    const response = await fetch(`${api.url}/plain`);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ just: 'a value' });
  });

  it('answers 500 for a function that fails, or says more than an invocation may give', async () => {
    for (const path of ['/throws', '/large']) {
      const response = await fetch(`${api.url}${path}`);

      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ message: 'Internal Server Error' });
    }
  });
});
