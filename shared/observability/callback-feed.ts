import type { Json } from '../model/json.ts';
import type { Callbacks, NodeStartContext } from './callbacks.ts';
import type { EventOf, ExecutionEvent } from './execution-event.ts';

/** Loads the values callbacks are called with. */
export interface CallbackValues {
  input(executionId: string): Promise<Json | undefined>;
  output(executionId: string): Promise<Json | undefined>;
  nodeOutput(event: EventOf<'NodeSucceeded'>): Promise<Json | undefined>;
}

/** Turns events into calls of an executor's handlers. */
export class CallbackFeed {
  readonly #callbacks: Callbacks;
  readonly #values: CallbackValues;

  constructor(callbacks: Callbacks, values: CallbackValues) {
    this.#callbacks = callbacks;
    this.#values = values;
  }

  /** Whether anybody is there to be told. */
  get isWanted(): boolean {
    return this.#callbacks.hasHandlers;
  }

  tell(event: ExecutionEvent): void {
    if (!this.isWanted) return;
    const { executionId, run, atMs } = event;
    const context = { executionId, run, atMs };
    switch (event.type) {
      case 'ExecutionStarted':
        this.#callbacks.tell({
          executionId,
          method: 'onWorkflowStart',
          load: () => this.#values.input(executionId),
          call: (handler, input) => handler.onWorkflowStart?.(event.workflow, input, context),
        });
        break;
      case 'NodeSucceeded': {
        const { nodeId, visit, source, attempts, durationMs } = event;
        this.#callbacks.tell({
          executionId,
          method: 'onNodeComplete',
          load: () => this.#values.nodeOutput(event),
          call: (handler, output) =>
            handler.onNodeComplete?.(nodeId, output, { ...context, visit, source, attempts, durationMs }),
        });
        break;
      }
      case 'NodeFailed': {
        const { nodeId, visit, error } = event;
        this.#callbacks.tell({
          executionId,
          method: 'onError',
          call: (handler) => handler.onError?.(error, { ...context, nodeId, visit }),
        });
        break;
      }
      case 'ExecutionEnded':
        this.#ended(event, context);
        break;
      default:
    }
  }

  /** A visit begins. @param input what its handler is given, where that is known */
  nodeStarted(
    { executionId, run, atMs, nodeId, visit }: NodeStartContext & { nodeId: string },
    input: Json | undefined,
  ): void {
    if (!this.#callbacks.wants('onNodeStart')) return;
    // What the handler does to its input, and callbacks to theirs, must not meet.
    const copy = structuredClone(input);
    this.#callbacks.tell({
      executionId,
      method: 'onNodeStart',
      load: async () => copy,
      call: (handler, value) => handler.onNodeStart?.(nodeId, value, { executionId, run, atMs, visit }),
    });
  }

  #ended(
    { executionId, workflow, status, durationMs, error, failedNode }: EventOf<'ExecutionEnded'>,
    context: { executionId: string; run: number; atMs: number },
  ): void {
    // The failed node's own error was told when it failed.
    if (error !== undefined && failedNode === undefined) {
      this.#callbacks.tell({
        executionId,
        method: 'onError',
        call: (handler) => handler.onError?.(error, context),
      });
    }
    this.#callbacks.tell({
      executionId,
      method: 'onWorkflowComplete',
      ...(status === 'SUCCEEDED' && { load: () => this.#values.output(executionId) }),
      call: (handler, output) => handler.onWorkflowComplete?.(workflow, output, { ...context, status, durationMs }),
    });
  }
}
