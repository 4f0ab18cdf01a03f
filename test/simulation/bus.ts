import { isDeepStrictEqual } from 'node:util';
import { ExecutionId } from '../../shared/model/ids.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import {
  type ExecutionFacts,
  type LifecycleScope,
  lifecycleScope,
  toLifecycleEvent,
} from '../../shared/observability/lifecycle-event.ts';
import type { OutgoingEvent } from '../../shared/ports/event-sink.ts';
import { eventsIn } from '../../shared/store/event-store.ts';
import { itemType } from '../../shared/store/keys.ts';
import { itemsOf } from './items-of.ts';
import type { MemoryTable } from './memory-table.ts';

interface BusParts {
  readonly table: MemoryTable;
  readonly violated: (what: string) => void;
}

/** A bus of EventBridge, with all that it was told. Who hears of an event must find it in the history. */
export class SimulatedBus {
  readonly #parts: BusParts;
  /** By execution and id. */
  readonly #told = new Map<string, Map<string, OutgoingEvent>>();
  #repeated = 0;

  constructor(parts: BusParts) {
    this.#parts = parts;
  }

  /** How many events it was told of, and how many times once more. */
  get told(): { readonly events: number; readonly repeated: number } {
    const events = [...this.#told.values()].reduce((sum, { size }) => sum + size, 0);
    return { events, repeated: this.#repeated };
  }

  take(events: readonly OutgoingEvent[]): void {
    for (const event of events) this.#take(event);
  }

  #take(event: OutgoingEvent): void {
    const { executionId = '', id: fullId = '', position = '' } = event.detail as Record<string, string | undefined>;
    const id = fullId.slice(executionId.length + 1);
    const { table, violated } = this.#parts;
    const told = this.#told.get(executionId) ?? new Map<string, OutgoingEvent>();
    this.#told.set(executionId, told);
    const before = told.get(id);
    if (before !== undefined) {
      this.#repeated++;
      if (!isDeepStrictEqual(before, event)) violated(`the bus was told of ${fullId} twice, and not the same`);
      return;
    }
    told.set(id, event);
    const of = ExecutionId.parse(executionId);
    const isWritten = itemsOf(table, of)
      .filter(({ sk }) => itemType(sk) === 'EVENT')
      .some((item) => eventsIn(of, item).some((written) => written.position === position));
    if (!isWritten) violated(`the bus was told of ${fullId}, which is in no history yet`);
  }

  /**
   * What is wrong with what it was told of an execution that ended.
   * @param history whole, if `isWhole`; else what is in it must still be so
   */
  problems(
    executionId: string,
    history: readonly ExecutionEvent[],
    {
      facts,
      scope,
      isWhole,
    }: { readonly facts: ExecutionFacts; readonly scope: LifecycleScope; readonly isWhole: boolean },
  ): string[] {
    const told = new Map(this.#told.get(executionId));
    const problems: string[] = [];
    for (const event of history) {
      const of = lifecycleScope(event);
      if (of === undefined || (of === 'nodes' && scope === 'executions')) continue;
      const wanted = toLifecycleEvent(event, facts);
      const found = told.get(event.id);
      told.delete(event.id);
      if (found === undefined && isWhole) problems.push(`the bus was not told of ${event.id}`);
      if (found !== undefined && !isTheSame(found, wanted))
        problems.push(`the bus was told of ${event.id} otherwise than the history: ${JSON.stringify(found)}`);
    }
    for (const id of told.keys()) problems.push(`the bus was told of ${id}, which did not happen`);
    return problems;
  }
}

/** Of a history with several logs an event is told with its place in its own. */
function isTheSame(found: OutgoingEvent, wanted: OutgoingEvent | undefined): boolean {
  const { position } = found.detail;
  const places = String(wanted?.detail.position).split('~');
  return (
    places.includes(String(position)) &&
    isDeepStrictEqual(found, { ...wanted, detail: { ...wanted?.detail, position } })
  );
}
