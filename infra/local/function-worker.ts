/**
 * One instance of a function, in a worker thread: loads its bundle, then runs one invocation at a time. Events and
 * results cross as JSON text, as they do on Lambda.
 */
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { InvocationRequest, InvocationResponse, WorkerMessage, WorkerSettings } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('function-worker.ts runs in a worker thread only');
const { file, exportName, functionName, functionArn, memoryMb, thaws }: WorkerSettings = workerData;
/** Invocations that have ended. */
let ended = 0;

type Handler = (event: unknown, context: unknown) => unknown;

// Not awaited at the top: an invocation that comes meanwhile waits here, and hears of a bundle that does not load.
const loading: Promise<Handler> = import(pathToFileURL(file).href).then((module) => {
  const handler: unknown = module[exportName];
  if (!isHandler(handler)) throw new Error(`${file} exports no function '${exportName}'`);
  return handler;
});
loading.then(sayLoaded, sayLoaded);

port.on('message', (request: InvocationRequest) => {
  void invoke(request).then(async (response) => {
    // Its answer comes by another way: whoever invokes next on hearing it would be ahead of what this one printed.
    await printed();
    port.postMessage(response);
    ended++;
    freeze();
  });
});

/**
 * Stands still until the next invocation, as an execution environment does: timers, sockets and whatever else was left
 * goes on when that has come.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
function freeze(): void {
  Atomics.wait(thaws, 0, ended);
}

/** Resolves when all that was printed is handed over. */
async function printed(): Promise<void> {
  for (const output of [process.stdout, process.stderr]) {
    if (output.writableLength > 0) await new Promise<void>((resolve) => void output.write('', () => resolve()));
  }
}

async function invoke({ requestId, event, deadlineMs }: InvocationRequest): Promise<InvocationResponse> {
  const context = {
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: String(memoryMb),
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  try {
    const handler = await loading;
    const result: unknown = await handler(JSON.parse(event), context);
    return { requestId, result: JSON.stringify(result ?? null) };
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { requestId, error: { name, message, stack: stack ?? message } };
  }
}

async function sayLoaded(): Promise<void> {
  await printed();
  port?.postMessage('loaded' satisfies WorkerMessage);
  freeze();
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
