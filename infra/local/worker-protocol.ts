/** What a function's worker thread is started with. */
export interface WorkerSettings {
  /** The bundle. */
  readonly file: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
}

export interface InvocationRequest {
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
  readonly deadlineMs: number;
}

export type InvocationResponse =
  | { readonly requestId: string; /** JSON text. */ readonly result: string }
  | { readonly requestId: string; readonly error: { readonly name: string; readonly message: string; readonly stack: string } };
