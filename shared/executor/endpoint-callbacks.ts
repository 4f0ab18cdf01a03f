import type { Json } from '../model/json.ts';
import { CallbackFeed, type CallbackValues } from '../observability/callback-feed.ts';
import type { Callbacks } from '../observability/callbacks.ts';
import type { Logger } from '../observability/logger.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import type { Executions } from './executions.ts';
import { followEvents } from './follow-events.ts';
import { loadNodeOutput } from './node-output.ts';

interface EndpointCallbacksParts {
  readonly executions: Executions;
  readonly callbacks: Callbacks;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Calls an executor's handlers for executions that run behind an endpoint, by following their events. */
export class EndpointCallbacks {
  readonly #parts: EndpointCallbacksParts;
  readonly #inputs = new Map<string, Json>();
  readonly #followed = new Map<string, Promise<void>>();
  readonly #feed: CallbackFeed;
  readonly #abort = new AbortController();

  constructor(parts: EndpointCallbacksParts) {
    this.#parts = parts;
    this.#feed = new CallbackFeed(parts.callbacks, this.#values());
  }

  /** Follows an execution to its end, if anybody is there to hear of it. */
  follow(executionId: string, input: Json): void {
    if (!this.#parts.callbacks.hasHandlers || this.#followed.has(executionId)) return;
    this.#inputs.set(executionId, input);
    const following = this.#follow(executionId).finally(() => {
      this.#followed.delete(executionId);
      this.#inputs.delete(executionId);
    });
    this.#followed.set(executionId, following);
  }

  /** Resolves when all events of the execution are told; after `maxMs` in any case. */
  async told(executionId: string, maxMs: number): Promise<void> {
    const following = this.#followed.get(executionId);
    if (following !== undefined) await this.#within(maxMs, following);
  }

  /** Follows nothing any more. Callbacks that are under way have two seconds. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#within(CLOSING_MS, Promise.all(this.#followed.values()));
  }

  async #within(maxMs: number, work: Promise<unknown>): Promise<void> {
    const timeout = new AbortController();
    await Promise.race([work, sleep(this.#parts.clock, maxMs, timeout.signal)]);
    timeout.abort();
  }

  async #follow(executionId: string): Promise<void> {
    const { executions, callbacks, logger } = this.#parts;
    try {
      for await (const event of followEvents(executions, executionId, { signal: this.#abort.signal })) {
        if (event.type === 'NodeStarted' && event.attempt === 1 && event.chunk === undefined)
          this.#feed.nodeStarted(event, undefined);
        else this.#feed.tell(event);
      }
      await callbacks.settled(INPUT_KEPT_MS, executionId);
    } catch (error) {
      logger.error('events cannot be followed: callbacks miss the rest', { executionId, error });
    }
  }

  #values(): CallbackValues {
    const { executions } = this.#parts;
    return {
      input: async (executionId) => this.#inputs.get(executionId),
      output: async (executionId) => (await executions.outcome(executionId)).output,
      nodeOutput: (event) => loadNodeOutput(executions, event.executionId, event),
    };
  }
}

/** A workflow's input is kept for the callbacks that may still ask for it. */
const INPUT_KEPT_MS = 10_000;
const CLOSING_MS = 2_000;
