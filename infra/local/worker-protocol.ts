/** What a function's worker thread is started with. */
export interface WorkerSettings {
  /** The bundle. */
  readonly file: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  /** Counts, in shared memory, the invocations that were begun: until the next one the instance stands still. */
  readonly thaws: Int32Array;
}

export interface InvocationRequest {
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
  readonly deadlineMs: number;
}

/** What a function returned, as JSON text, or what it threw. */
export type InvocationResponse = { readonly requestId: string } & (
  | { readonly result: string }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack: string } }
);

/** What a worker says: that it has loaded its bundle (or could not), then a response to each request. */
export type WorkerMessage = 'loaded' | InvocationResponse;
