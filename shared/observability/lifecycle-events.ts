import { MetaItem } from '../model/items.ts';
import type { EventSink, OutgoingEvent } from '../ports/event-sink.ts';
import { parseItem } from '../store/parse-item.ts';
import type { Store } from '../store/store.ts';
import { type ExecutionFacts, lifecycleScope, toLifecycleEvent } from './lifecycle-event.ts';
import type { Logger } from './logger.ts';
import type { ObservedExecution } from './observer.ts';

/** Executions whose facts are remembered: those whose nodes are being told of. */
const FACTS_KEPT = 1_000;

const Facts = MetaItem.pick({ workflow: true, startedAtMs: true });

interface LifecycleParts {
  readonly store: Store;
  readonly sink: EventSink;
  readonly logger: Logger;
  /** Whether nodes that do not fail are told of, too. */
  readonly nodeEvents: boolean;
}

/** Puts what happens to executions on a bus, for others to react to. At least once: each event names itself. */
export class LifecycleEvents {
  readonly #parts: LifecycleParts;
  readonly #facts = new Map<string, ExecutionFacts>();

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when all that is to be told is on the bus. What the bus refuses for good is logged: told again and again it
   * would hold up the history and metrics of all executions behind it.
   *
   * @throws {EventsUnavailableError | TableUnavailableError} some are not told yet
   */
  async publish(observed: readonly ObservedExecution[]): Promise<void> {
    const { sink, logger } = this.#parts;
    const events = (await Promise.all(observed.map((execution) => this.#toTell(execution)))).flat();
    if (events.length === 0) return;
    for (const { event, reason } of await sink.put(events))
      logger.error('lifecycle event refused', { id: event.detail.id, detailType: event.detailType, reason });
  }

  async #toTell({ executionId, events, meta }: ObservedExecution): Promise<OutgoingEvent[]> {
    const { nodeEvents, logger } = this.#parts;
    if (meta !== undefined) this.#remember(executionId, parseItem(Facts, meta));
    const wanted = events.filter((event) => {
      const scope = lifecycleScope(event);
      return scope === 'executions' || (nodeEvents && scope === 'nodes');
    });
    if (wanted.length === 0) return [];
    const facts = this.#facts.get(executionId) ?? (await this.#load(executionId));
    if (facts === undefined) {
      logger.error('lifecycle events dropped: their execution is gone', { executionId, events: wanted.length });
      return [];
    }
    return wanted.flatMap((event) => toLifecycleEvent(event, facts) ?? []);
  }

  async #load(executionId: ObservedExecution['executionId']): Promise<ExecutionFacts | undefined> {
    const meta = await this.#parts.store.executions.loadMeta(executionId);
    if (meta !== undefined) this.#remember(executionId, meta);
    return meta;
  }

  #remember(executionId: string, { workflow, startedAtMs }: ExecutionFacts): void {
    // Anew, so that the oldest is the one that was not heard of for longest.
    this.#facts.delete(executionId);
    this.#facts.set(executionId, { workflow, startedAtMs });
    if (this.#facts.size <= FACTS_KEPT) return;
    const [oldest] = this.#facts.keys();
    if (oldest !== undefined) this.#facts.delete(oldest);
  }
}
