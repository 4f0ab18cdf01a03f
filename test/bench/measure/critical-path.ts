import { type Dependent, inOrder } from '../../support/dependency-order.ts';

/** When a handler ran, in milliseconds on any one clock. */
export interface HandlerTime {
  readonly startedMs: number;
  readonly endedMs: number;
}

/**
 * The longest way through a graph, counted in the handlers' own time: however good an executor, with any number of
 * workers, no run of these handlers is shorter. What a run takes beyond it is overhead.
 * @param times of the handlers that ran, by node; a node that is not in it takes none
 */
export function criticalPathMs(nodes: readonly Dependent[], times: ReadonlyMap<string, HandlerTime>): number {
  const endsAt = new Map<string, number>();
  let longest = 0;
  for (const { id, parents } of inOrder(nodes)) {
    const startsAt = Math.max(0, ...parents.map((parent) => endsAt.get(parent) ?? 0));
    const time = times.get(id);
    const end = startsAt + (time === undefined ? 0 : time.endedMs - time.startedMs);
    endsAt.set(id, end);
    longest = Math.max(longest, end);
  }
  return longest;
}

/** What went against the order, or did not run at all; empty if each node began when all its parents had ended. */
export function orderViolations(nodes: readonly Dependent[], times: ReadonlyMap<string, HandlerTime>): string[] {
  return nodes.flatMap(({ id, parents }) => {
    const time = times.get(id);
    if (time === undefined) return [`'${id}' did not run`];
    return parents
      .filter((parent) => (times.get(parent)?.endedMs ?? Number.POSITIVE_INFINITY) > time.startedMs)
      .map((parent) => `'${id}' began before its parent '${parent}' had ended`);
  });
}
