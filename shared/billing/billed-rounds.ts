import { nodeAt, type Plan } from '../core/plan.ts';

/**
 * Tells apart what was sent in the same millisecond: by one decision, unless one node waited for another. On AWS that
 * takes longer; in one process many decisions fit into a millisecond.
 *
 * @param queuedAtMs by node id
 * @returns by node id: how many others of its millisecond it had to wait for, one after another
 */
export function roundsOf(plan: Plan, queuedAtMs: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const rounds = new Map<string, number>();
  if (plan.kind !== 'graph') return rounds;
  const waitsFor = plan.nodes.map(({ parents }) => parents.length);
  const order = [...plan.roots];
  // Each node after all of its parents.
  for (const index of order) {
    const { id, children } = nodeAt(plan, index);
    const round = rounds.get(id) ?? 0;
    for (const child of children) {
      const childId = nodeAt(plan, child).id;
      if (queuedAtMs.get(childId) === queuedAtMs.get(id))
        rounds.set(childId, Math.max(round + 1, rounds.get(childId) ?? 0));
      const left = (waitsFor[child] ?? 0) - 1;
      waitsFor[child] = left;
      if (left === 0) order.push(child);
    }
  }
  return rounds;
}
