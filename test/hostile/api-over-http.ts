import * as z from 'zod';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { signRequests } from '../../shared/adapters/aws/sign-requests.ts';
import { type ApiAnswer, encode, parseAnswer } from './api-in-process.ts';
import type { HostileRequest } from './request-arbitrary.ts';

/** Of a wait that a request may ask for; there are thousands. */
const LONGEST_WAIT_SECONDS = 0.05;

/** What the gateway says by itself. */
const GatewayAnswer = z.strictObject({ message: z.string() });

/** Sends requests to a local stack's API, signed as a client does. What HTTP cannot carry is left out. */
export async function sendTo(stack: LocalStack, request: HostileRequest): Promise<ApiAnswer> {
  const { method, template, params } = request;
  const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encode(params[name] ?? ''));
  const query = Object.entries(request.query).map(
    ([name, value]) => `${encode(name)}=${encode(name.startsWith('wait') ? shortened(value) : value)}`,
  );
  // A path of dots alone would be another one.
  const url = new URL(`${stack.url}${path.replaceAll(/(^|\/)\.+(?=\/|$)/g, '$1x')}?${query.join('&')}`);
  const body = method === 'GET' ? undefined : request.body?.toWellFormed();
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, value.replaceAll(/[^\x20-\x7e]/g, '').trim()]),
  );
  const response = await fetch(url, {
    method,
    headers: await signRequests(stack)({ method, url, headers, body }),
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  if (GatewayAnswer.safeParse(JSON.parse(text)).success) return { status: response.status, code: 'GATEWAY' };
  return parseAnswer({ statusCode: response.status, body: text });
}

const shortened = (value: string): string =>
  Number(value) > LONGEST_WAIT_SECONDS ? String(LONGEST_WAIT_SECONDS) : value;
