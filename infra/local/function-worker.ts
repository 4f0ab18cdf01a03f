/**
 * One instance of a function, in a worker thread: loads its bundle, then runs one invocation at a time. Events and
 * results cross as JSON text, as they do on Lambda.
 */
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { InvocationRequest, InvocationResponse, WorkerMessage, WorkerSettings } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('function-worker.ts runs in a worker thread only');
const { file, exportName, functionName, functionArn, memoryMb }: WorkerSettings = workerData;

type Handler = (event: unknown, context: unknown) => unknown;

// Not awaited at the top: an invocation that comes meanwhile waits here, and hears of a bundle that does not load.
const loading: Promise<Handler> = import(pathToFileURL(file).href).then((module) => {
  const handler: unknown = module[exportName];
  if (!isHandler(handler)) throw new Error(`${file} exports no function '${exportName}'`);
  return handler;
});
loading.then(sayLoaded, sayLoaded);

port.on('message', (request: InvocationRequest) => {
  void invoke(request).then((response) => port.postMessage(response));
});

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

function sayLoaded(): void {
  port?.postMessage('loaded' satisfies WorkerMessage);
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
