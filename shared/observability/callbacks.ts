import { InvalidInputError } from '../errors.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo, ExecutionStatus, ResultSource } from '../model/result.ts';
import { type Clock, within } from '../ports/clock.ts';
import type { Logger } from './logger.ts';

/** Said of every call: which execution, and when it happened. */
export interface CallbackContext {
  readonly executionId: string;
  /** 1, or more after a redrive. */
  readonly run: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

export interface NodeStartContext extends CallbackContext {
  /** Over 1 only in loops. */
  readonly visit: number;
}

export interface NodeCompleteContext extends NodeStartContext {
  readonly source: ResultSource;
  readonly attempts: number;
  /** What the attempts took, the waits between them left out. */
  readonly durationMs: number;
}

export interface WorkflowCompleteContext extends CallbackContext {
  /** `output` is there only if it succeeded. */
  readonly status: Exclude<ExecutionStatus, 'RUNNING' | 'PAUSED'>;
  readonly durationMs: number;
}

export interface ErrorContext extends CallbackContext {
  /** Absent where the error is no node's: a timeout, a cancel. */
  readonly nodeId?: string;
  readonly visit?: number;
}

/** Hears of executions. Any subset of the methods, each sync or async; what one throws is logged and harms nothing. */
export interface CallbackHandler {
  onWorkflowStart?(workflowId: string, input: Json | undefined, context: CallbackContext): unknown;
  /** Before the handler of a visit's first attempt runs. With `endpoint`, only of executions with `traceExecution`, and without the input. */
  onNodeStart?(nodeId: string, input: Json | undefined, context: NodeStartContext): unknown;
  /** A visit succeeded. One that fails is an error; one that is skipped is neither. */
  onNodeComplete?(nodeId: string, output: Json | undefined, context: NodeCompleteContext): unknown;
  /** It has ended, however it did. */
  onWorkflowComplete?(workflowId: string, output: Json | undefined, context: WorkflowCompleteContext): unknown;
  /** A visit failed for good, or the execution ended by something that is no node's error. Each error is told once. */
  onError?(error: ErrorInfo, context: ErrorContext): unknown;
}

export type CallbackMethod = keyof CallbackHandler;

/** One call to be made to every handler that wants it. */
export interface Callback {
  readonly executionId: string;
  readonly method: CallbackMethod;
  /** Calls a handler with the value. */
  readonly call: (handler: CallbackHandler, value: Json | undefined) => unknown;
  /** Loads the value: once, and only if a handler wants the call. */
  readonly load?: () => Promise<Json | undefined>;
}

/** So long the calls of one execution wait for one that has not settled; then it is logged, and no longer waited for. */
const SETTLE_MS = 10_000;

interface Line {
  tail: Promise<void>;
  waiting: number;
  isStuck: boolean;
}

/** The handlers of an executor. The calls about one execution reach each handler in order, one after another. */
export class Callbacks {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lines = new Map<CallbackHandler, Map<string, Line>>();

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * From now on the handler hears of what happens.
   * @throws {InvalidInputError} it is no object, or has something else than a method under the name of one
   */
  addHandler(handler: CallbackHandler): void {
    assertHandler(handler);
    if (!this.#lines.has(handler)) this.#lines.set(handler, new Map());
  }

  /** From now on it hears of nothing more, not even of what is waiting to be told. */
  removeHandler(handler: CallbackHandler): void {
    this.#lines.delete(handler);
  }

  get hasHandlers(): boolean {
    return this.#lines.size > 0;
  }

  /** Whether any handler has one of the methods. */
  wants(...methods: readonly CallbackMethod[]): boolean {
    for (const handler of this.#lines.keys())
      if (methods.some((method) => typeof handler[method] === 'function')) return true;
    return false;
  }

  /** Makes a call to every handler that wants it, behind those made before. Returns at once. */
  tell(callback: Callback): void {
    let loaded: Promise<Json | undefined> | undefined;
    const value = () => {
      loaded ??= callback.load?.() ?? Promise.resolve(undefined);
      return loaded;
    };
    for (const [handler, lines] of this.#lines) {
      if (typeof handler[callback.method] !== 'function') continue;
      const line = lines.get(callback.executionId) ?? { tail: Promise.resolve(), waiting: 0, isStuck: false };
      lines.set(callback.executionId, line);
      line.waiting++;
      line.tail = line.tail
        .then(() => this.#make(handler, callback, value, line))
        .finally(() => {
          line.waiting--;
          if (line.waiting === 0 && !line.isStuck) lines.delete(callback.executionId);
        });
    }
  }

  /** Resolves when all calls made so far are done, of one execution or of all; after `maxMs` in any case. */
  async settled(maxMs: number, executionId?: string): Promise<void> {
    const tails = [...this.#lines.values()].flatMap((lines) =>
      executionId === undefined ? [...lines.values()] : (lines.get(executionId) ?? []),
    );
    if (tails.length === 0) return;
    const calls = Promise.all(tails.map(({ tail }) => tail));
    // Somebody waits: a process that has nothing else to do must not end here.
    await within(this.#clock, maxMs, calls, { isBackground: false });
  }

  async #make(
    handler: CallbackHandler,
    { executionId, method, call }: Callback,
    value: () => Promise<Json | undefined>,
    line: Line,
  ): Promise<void> {
    if (!this.#lines.has(handler)) return;
    const fields = { executionId, callback: method };
    try {
      const loaded = await value();
      const made = (async () => call(handler, loaded))();
      made.catch((error: unknown) => this.#logger.error('callback failed', { ...fields, error }));
      if (line.isStuck) return;
      if (await within(this.#clock, SETTLE_MS, made)) return;
      line.isStuck = true;
      this.#logger.error('callback has not settled, and is no longer waited for', { ...fields, afterMs: SETTLE_MS });
    } catch (error) {
      this.#logger.error('callback failed: its value cannot be loaded', { ...fields, error });
    }
  }
}

const METHODS = [
  'onWorkflowStart',
  'onNodeStart',
  'onNodeComplete',
  'onWorkflowComplete',
  'onError',
] as const satisfies readonly CallbackMethod[];

/** What no compiler has looked at would fail the nodes it is to hear of, or hear of nothing. */
function assertHandler(handler: CallbackHandler): void {
  const issues =
    typeof handler !== 'object' || handler === null
      ? [{ path: '', code: 'INVALID_TYPE', message: 'is not an object with methods' }]
      : METHODS.filter((method) => !['function', 'undefined'].includes(typeof handler[method])).map((path) => ({
          path,
          code: 'INVALID_TYPE',
          message: 'is not a function',
        }));
  if (issues.length > 0) throw new InvalidInputError('The callback handler', issues);
}
