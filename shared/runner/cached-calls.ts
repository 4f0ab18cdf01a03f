import type { TaskNode } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';
import type { Clock } from '../ports/clock.ts';
import { cacheHash } from '../store/cache-store.ts';
import type { Store } from '../store/store.ts';
import type { AttemptOutcome } from './attempt.ts';
import type { HandlerCalls } from './handler-calls.ts';
import type { Visit } from './visit.ts';

interface CachedCallsParts {
  readonly store: Store;
  readonly handlers: HandlerRegistry;
  readonly clock: Clock;
  readonly calls: HandlerCalls;
}

/** Calls a task's handler, or, where it opts in, reuses what the same handler gave for the same input. */
export class CachedCalls {
  readonly #parts: CachedCallsParts;

  constructor(parts: CachedCallsParts) {
    this.#parts = parts;
  }

  async call(visit: Visit, { handler, cache }: TaskNode, input: Json, stop: AbortSignal): Promise<AttemptOutcome> {
    const { store, handlers, clock, calls } = this.#parts;
    if (cache === undefined) return calls.call(visit, handler, input, stop);
    const version = handlers.find(handler)?.version ?? '';
    // Data that looks like a reference is not one: without their places an input could claim another's result.
    const secrets = visit.input.secretsIn(input).map(({ path, name }) => ({ path, name }));
    const hash = cacheHash('node', handler, version, input, ...(secrets.length > 0 ? [secrets] : []));
    const standing = await store.cache.find(hash, clock.nowMs());
    if (standing?.output !== undefined)
      return { isSuccess: true, output: await store.payloads.load(standing.output), isCached: true };
    const outcome = await calls.call(visit, handler, input, stop);
    // Where it goes on to is this execution's affair: only plain successes are worth keeping.
    if (outcome.isSuccess && outcome.nextNodeId === undefined && outcome.conditionalNext === undefined) {
      const output = await store.payloads.save(outcome.output, 'cache');
      await store.cache.keep(hash, visit.meta.executionId, output, clock.nowMs() + cache.ttlSeconds * 1000);
    }
    return outcome;
  }
}
