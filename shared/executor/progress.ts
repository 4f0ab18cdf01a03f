import { type Bits, countBits, hasBit, membersOf } from '../core/bits.ts';
import { openWork } from '../core/open-work.ts';
import { nodeAt, type Plan } from '../core/plan.ts';
import type { NodeId } from '../model/ids.ts';
import type { ExecutionState } from '../model/state.ts';
import type { Progress } from './description.ts';

const MAX_RUNNING_LISTED = 100;

/** How far an execution is, as its state tells. */
export function progressOf(plan: Plan, state: ExecutionState | undefined, isEnded: boolean): Progress {
  const nodes = plan.nodes.length;
  if (state === undefined) return { nodes, succeeded: 0, failed: 0, skipped: 0, running: [], inFlight: 0, maps: {} };
  const running = new Set<string>();
  if (!isEnded) {
    for (const work of openWork(plan, { ...state, stop: undefined })) {
      if (running.size >= MAX_RUNNING_LISTED) break;
      if (work.kind !== 'settle') running.add(nodeAt(plan, work.node).id);
    }
  }
  const counts =
    state.kind === 'graph'
      ? { succeeded: countBits(state.succeeded), failed: countBits(state.failed), skipped: countBits(state.skipped) }
      : { succeeded: succeededVisits(plan, state).length, failed: state.failedVisit === undefined ? 0 : 1, skipped: 0 };
  const maps = Object.entries(state.maps).map(([node, map]) => [
    nodeAt(plan, Number(node)).id,
    {
      items: map.items,
      chunks: map.chunks,
      settledChunks: map.base + countBits(map.window),
      failedItems: map.failedItems,
    },
  ]);
  return {
    nodes,
    ...counts,
    running: [...running],
    inFlight: isEnded ? 0 : state.inFlight,
    maps: Object.fromEntries(maps),
  };
}

/** Ids of nodes by how they ended. */
export function endedNodes(
  plan: Plan,
  state: ExecutionState,
): { readonly succeeded: NodeId[]; readonly failed: NodeId[]; readonly skipped: NodeId[] } {
  if (state.kind === 'graph') {
    const idsOf = (set: Bits) => Array.from(membersOf(set), (index) => nodeAt(plan, index).id);
    return { succeeded: idsOf(state.succeeded), failed: idsOf(state.failed), skipped: idsOf(state.skipped) };
  }
  const { failedVisit } = state;
  return {
    succeeded: succeededVisits(plan, state).map(({ node }) => node),
    failed: failedVisit === undefined ? [] : [nodeAt(plan, failedVisit.node).id],
    skipped: [],
  };
}

/** By node, the visit whose result counts: in loops the last one that ended. */
export function succeededVisits(
  plan: Plan,
  state: ExecutionState,
): { readonly node: NodeId; readonly visit: number }[] {
  if (state.kind === 'graph') {
    return plan.nodes.filter(({ index }) => hasBit(state.succeeded, index)).map(({ id }) => ({ node: id, visit: 1 }));
  }
  return Object.entries(state.visits).flatMap(([index, entered]) => {
    const isOpen = state.position?.node === Number(index) || state.failedVisit?.node === Number(index);
    const visit = isOpen ? entered - 1 : entered;
    return visit < 1 ? [] : [{ node: nodeAt(plan, Number(index)).id, visit }];
  });
}
