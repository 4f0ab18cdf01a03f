import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { build } from 'esbuild';
import * as z from 'zod';
import { BUNDLE_OPTIONS } from '../../infra/constructs/bundle-options.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION, startFauxqs } from '../../infra/local/emulators.ts';
import type { HostileRequest } from './request-arbitrary.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What the API answered. */
export interface ApiAnswer {
  readonly status: number;
  /** The problem document's code; none with a success. */
  readonly code: string | undefined;
}

export interface InProcessApi {
  /** @throws what the handler throws, or the answer's shape if it is none */
  answer(request: HostileRequest): Promise<ApiAnswer>;
  /** Lines the function would have logged. */
  readonly logged: readonly string[];
  close(): Promise<void>;
}

type Handler = (event: unknown) => Promise<unknown>;

const Result = z.object({ statusCode: z.int(), body: z.string() });
const ProblemBody = z.object({ code: z.string().optional(), title: z.string(), status: z.int() });

/** The API's bundle as it is deployed, but for its table: that is in memory. Its queues are fauxqs's. */
export async function openApiInProcess(): Promise<InProcessApi> {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-hostile-'));
  const fauxqs = await startFauxqs();
  const settings = { region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, endpoint: fauxqs.endpoint };
  const sqs = new SQSClient(settings);
  const queueUrl = async (name: string) => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
    return fauxqs.endpoint + new URL(QueueUrl ?? '').pathname;
  };
  Object.assign(process.env, {
    TABLE_NAME: 'in-memory',
    BUCKET_NAME: 'in-memory',
    QUEUE_URLS: JSON.stringify({ default: await queueUrl('default') }),
    UNSETTLED_URLS: JSON.stringify({ default: await queueUrl('unsettled') }),
    GIVEN_UP_URL: await queueUrl('given-up'),
    SECRET_NAMES: JSON.stringify(['known']),
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL: fauxqs.endpoint,
  });
  sqs.destroy();
  const { handler, logged } = await bundled(folder);
  return {
    logged,
    answer: async (request) => parseAnswer(await handler(eventOf(request))),
    close: async () => {
      await fauxqs.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function bundled(folder: string): Promise<{ handler: Handler; logged: string[] }> {
  const runtime = join(import.meta.dirname, 'api-runtime.ts');
  const outfile = join(folder, 'api.mjs');
  await build({
    stdin: {
      contents: `export { handler } from './functions/api/handler.ts'; export { logged } from ${JSON.stringify(runtime)};`,
      resolveDir: ROOT,
      loader: 'ts',
    },
    ...BUNDLE_OPTIONS,
    outfile,
    logLevel: 'error',
    plugins: [
      {
        name: 'runtime in memory',
        setup: (bundle) => bundle.onResolve({ filter: /^\.\.?\/runtime\.ts$/ }, () => ({ path: runtime })),
      },
    ],
  });
  return z
    .object({
      handler: z.custom<Handler>((value) => typeof value === 'function'),
      logged: z.custom<string[]>(Array.isArray),
    })
    .parse(await import(pathToFileURL(outfile).href));
}

/** As API Gateway hands it over: payload format 2.0. */
function eventOf({ method, template, params, query, headers, body }: HostileRequest): unknown {
  const pathParameters = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value === '' ? 'x' : value]),
  );
  const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encode(pathParameters[name] ?? 'x'));
  return {
    version: '2.0',
    routeKey: `${method} ${template}`,
    rawPath: path,
    rawQueryString: '',
    headers,
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
    requestContext: { http: { method, path }, timeEpoch: 1_700_000_000_000 },
  };
}

/** Lone surrogates have no encoding, and cannot be sent. */
export const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

export function parseAnswer(value: unknown): ApiAnswer {
  const { statusCode, body } = Result.parse(value);
  const json: unknown = JSON.parse(body);
  return { status: statusCode, code: statusCode < 400 ? undefined : ProblemBody.parse(json).title };
}
