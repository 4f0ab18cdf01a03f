import { ExecutionId } from '../model/ids.ts';
import { MetaItem } from '../model/items.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import type { Item } from '../ports/item-table.ts';
import { executionIdOf } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { EventOf, ExecutionEvent } from './execution-event.ts';
import { loadSample } from './sample.ts';
import { addSample, emptyTally, type Tally } from './tally.ts';
import { toEvents } from './to-events.ts';

/** What a batch told of one execution. */
export interface ObservedExecution {
  readonly executionId: ExecutionId;
  /** In order; they are written. */
  readonly events: readonly ExecutionEvent[];
  /** META as the batch has it last; absent if META did not change. */
  readonly meta: Item | undefined;
}

export interface EndedExecution {
  readonly event: EventOf<'ExecutionEnded'>;
  /** Over how many partitions its results are spread. */
  readonly resultShards: number | undefined;
}

const Home = MetaItem.pick({ resultShards: true });

export interface ObservedBatch {
  /** Executions whose events are written. */
  readonly told: readonly ObservedExecution[];
  readonly ended: readonly EndedExecution[];
  /** Records of executions whose events could not be written, to be delivered again; and why. */
  readonly failed: readonly { readonly records: readonly ChangeRecord[]; readonly error: unknown }[];
}

/** Writes down what change records tell: one item for each batch and partition of an execution. Its own items tell it nothing. */
export class Observer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Never throws for one of the executions. */
  async handle(records: readonly ChangeRecord[]): Promise<ObservedBatch> {
    const told: ObservedExecution[] = [];
    const failed: { records: readonly ChangeRecord[]; error: unknown }[] = [];
    const groups = Map.groupBy(
      records.filter(({ key }) => key.pk.startsWith('EXEC#')),
      ({ key }) => key.pk,
    );
    await Promise.all(
      [...groups].map(async ([pk, group]) => {
        try {
          const events = group.flatMap(toEvents);
          const executionId = ExecutionId.parse(executionIdOf(group[0]));
          // In the same partition: what comes side by side is not in one order.
          await this.#store.events.put(pk, events, { isPacked: true });
          told.push({ executionId, events, meta: group.findLast(({ key }) => key.sk === 'META')?.after });
        } catch (error) {
          failed.push({ records: group, error });
        }
      }),
    );
    const ended = told.flatMap(({ events, meta }) =>
      events
        .filter((event) => event.type === 'ExecutionEnded')
        .map((event) => ({ event, resultShards: Home.parse(meta ?? {}).resultShards })),
    );
    return { told, ended, failed };
  }

  /** Counts executions that ended, by what stands of them: the same each time it is asked. Changes `tallies`, which are by workflow. */
  async count(tallies: Map<string, Tally>, ended: readonly EndedExecution[]): Promise<void> {
    for (const { event, resultShards } of ended) {
      const sample = await loadSample(this.#store, event, resultShards);
      const tally = tallies.get(event.workflow) ?? emptyTally();
      tallies.set(event.workflow, tally);
      addSample(tally, sample);
    }
  }
}
