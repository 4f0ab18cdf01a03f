import { ExecutionId } from '../model/ids.ts';
import type { Store } from '../store/store.ts';
import type { EventOf } from './execution-event.ts';
import type { Sample, Visit } from './tally.ts';
import { type BareEvent, eventsOf } from './to-events.ts';

type Ended = Omit<EventOf<'ExecutionEnded'>, 'position'>;

/** What a settled visit adds to its execution's sample; `undefined`: nothing, it was skipped, or is no settled visit. */
export const visitIn = (event: BareEvent): Visit | undefined =>
  event.type === 'NodeSucceeded' || event.type === 'NodeFailed' ? [event.nodeId, event.durationMs] : undefined;

/** An ended execution, as it counts. */
export const sampleOf = ({ workflow, atMs, status, durationMs }: Ended, visits: Sample['visits']): Sample => ({
  workflow,
  endedAtMs: atMs,
  isSuccess: status === 'SUCCEEDED',
  durationMs,
  visits,
});

/** An ended execution as it counts, by what stands of it: the same each time. */
export async function loadSample(store: Store, ended: Ended, resultShards: number | undefined): Promise<Sample> {
  const visits: Visit[] = [];
  const home = { executionId: ExecutionId.parse(ended.executionId), resultShards };
  for await (const item of store.events.eventful(home, ['RESULT'])) {
    for (const event of eventsOf(item)) {
      const visit = visitIn(event);
      if (visit !== undefined && isPartOf(ended, event)) visits.push(visit);
    }
  }
  return sampleOf(ended, visits);
}

/** A visit counts in the run in which it ended, unless it came after the end. */
const isPartOf = ({ run, atMs, status }: Ended, visit: BareEvent): boolean =>
  visit.run === run && (status === 'SUCCEEDED' || visit.atMs <= atMs);
