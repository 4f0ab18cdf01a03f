import type { Json } from '../model/json.ts';
import type { ErrorInfo } from '../model/result.ts';
import type { AnyHandler } from '../nodes/define-node.ts';
import type { NodeContext } from '../nodes/node-context.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptOutcome } from '../runner/attempt.ts';

/** A call of a handler, or of what stands in for it. Times are the executor's, in milliseconds since the epoch. */
export interface TestCall<Input = unknown> {
  readonly executionId: string;
  readonly node: string;
  /** The handler's type. */
  readonly handler: string;
  /** It was called as the node's fallback. */
  readonly isFallback: boolean;
  /** From 1; over 1 only in loops. */
  readonly visit: number;
  /** From 1. */
  readonly attempt: number;
  /** The item's place in a map, from 0; absent outside maps. */
  readonly item?: number;
  readonly idempotencyKey: string;
  /** What the handler received, after its schema. */
  readonly input: Input;
  readonly startedAtMs: number;
  /** Absent while it is under way. */
  readonly endedAtMs?: number;
  /** Of a success. */
  readonly output?: Json;
  /** Why it failed; `RunnerCrashed` if what it gave was lost with its runner. */
  readonly error?: ErrorInfo;
  /** One of the test's failures happened in it. */
  readonly isInjected: boolean;
}

interface Begun {
  readonly handler: AnyHandler;
  readonly isFallback: boolean;
  readonly input: unknown;
  readonly context: NodeContext;
  readonly isInjected: boolean;
}

const CRASHED: ErrorInfo = { name: 'RunnerCrashed', message: 'The runner crashed, as the test asked' };

/** The calls of all handlers, in the order in which they began. */
export class RecordedCalls {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #calls: TestCall[] = [];

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** Gives what to call when it has ended. */
  add({ handler, isFallback, input, context, isInjected }: Begun): (outcome: AttemptOutcome | 'crashed') => void {
    const { executionId, nodeId, visit, attempt, itemIndex, idempotencyKey } = context;
    const begun: TestCall = {
      executionId,
      node: nodeId,
      handler: handler.type,
      isFallback,
      visit,
      attempt,
      ...(itemIndex !== undefined && { item: itemIndex }),
      idempotencyKey,
      input: copied(input),
      startedAtMs: this.#clock.nowMs(),
      isInjected,
    };
    const index = this.#calls.push(begun) - 1;
    return (outcome) => {
      const endedAtMs = this.#clock.nowMs();
      const result =
        outcome === 'crashed'
          ? { error: CRASHED }
          : outcome.isSuccess
            ? { output: outcome.output }
            : { error: outcome.error };
      this.#calls[index] = { ...begun, endedAtMs, ...result };
    };
  }

  /** Those at a node, or of a handler's type. */
  of(name: string): TestCall[] {
    return this.#calls.filter(({ node, handler }) => node === name || handler === name);
  }
}

/** What a handler does to its input later must not show. */
function copied(input: unknown): unknown {
  try {
    return structuredClone(input);
  } catch {
    return input;
  }
}
