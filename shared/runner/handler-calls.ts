import { timeoutSecondsOf } from '../core/plan.ts';
import type { Json } from '../model/json.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { SecretStore } from '../ports/secret-store.ts';
import { type Attempt, type AttemptOutcome, attempt } from './attempt.ts';
import { nodeErrors } from './node-errors.ts';
import { fillSecrets, type HandlerValues } from './node-secrets.ts';
import { SecretCache } from './secret-cache.ts';
import { asFailure } from './settle-node.ts';
import type { Visit } from './visit.ts';

interface HandlerCallsParts {
  readonly handlers: HandlerRegistry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly secrets: SecretStore;
  /** How a handler is called. Default: as it is. */
  readonly attempt?: Attempt;
}

/** Calls handlers by their type, with the context of a visit, and the values of the secrets it refers to. */
export class HandlerCalls {
  readonly #handlers: HandlerRegistry;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #attempt: Attempt;
  readonly #secrets: SecretCache;

  constructor(parts: HandlerCallsParts) {
    this.#handlers = parts.handlers;
    this.#logger = parts.logger;
    this.#clock = parts.clock;
    this.#attempt = parts.attempt ?? attempt;
    this.#secrets = new SecretCache(parts);
  }

  /** @param itemIndex the item's place, in a map */
  async call(visit: Visit, type: string, input: Json, stop: AbortSignal, itemIndex?: number): Promise<AttemptOutcome> {
    const handler = this.#handlers.find(type);
    if (handler === undefined)
      return { isSuccess: false, error: nodeErrors.unknownHandler(type, this.#handlers.types()) };
    const { meta, task, node } = visit;
    const ids = {
      executionId: meta.executionId,
      nodeId: node.id,
      visit: task.visit,
      attempt: task.attempt,
      ...(itemIndex !== undefined && { itemIndex }),
    };
    const item = itemIndex === undefined ? '' : `/${itemIndex}`;
    const given: HandlerValues = { input, globals: await visit.input.globals() };
    const values = visit.input.mayHoldSecrets ? await fillSecrets(given, this.#secrets) : given;
    if ('error' in values) return { isSuccess: false, error: values.error };
    const { redactor } = values;
    const { definition } = node;
    const options = {
      handler,
      // What a handler does to its input must not reach its fallback.
      input:
        'fallback' in definition && definition.fallback !== undefined ? structuredClone(values.input) : values.input,
      context: {
        ...ids,
        idempotencyKey: `${meta.executionId}/${node.id}/${task.visit}${item}`,
        logger: this.#logger.with(ids, redactor),
        globals: values.globals,
      },
      ...(redactor !== undefined && { redactor }),
      timeoutSeconds: timeoutSecondsOf(visit.node),
      stop,
      clock: this.#clock,
    };
    return visit.trace === undefined ? this.#attempt(options) : visit.trace.during(() => this.#attempt(options));
  }

  /** The node's fallback on the same input, once; `undefined` if it has none, or its execution stopped. */
  async fallback(
    visit: Visit,
    failed: AttemptOutcome & { isSuccess: false },
    input: () => Promise<Json>,
    stop: AbortSignal,
    itemIndex?: number,
  ): Promise<AttemptOutcome | undefined> {
    const { definition } = visit.node;
    if (failed.isAborted === true || !('fallback' in definition) || definition.fallback === undefined) return undefined;
    const { handler } = definition.fallback;
    return input()
      .then((value) => this.call(visit, handler, value, stop, itemIndex))
      .catch(asFailure);
  }
}
