import type { GraphState } from '../model/state.ts';
import { clearBit, hasBit, membersOf, setBit } from './bits.ts';
import { type GraphPlan, nodeAt } from './plan.ts';
import { TOLERATES_FAILURE, triggerRule } from './trigger-rule.ts';

/** Marks what can start first. Changes `state`. */
export function openGraph(plan: GraphPlan, state: GraphState): void {
  for (const root of plan.roots) setBit(state.ready, root);
}

/** Marks a node settled. What follows from it, {@link spread} finds. Changes `state`. `false`: it was known already. */
export function settleGraphNode(state: GraphState, index: number, status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED'): boolean {
  if (isSettled(state, index)) return false;
  // Whoever finished before it may have dispatched it, without telling.
  setBit(state.dispatched, index);
  setBit(state[status === 'SUCCEEDED' ? 'succeeded' : status === 'FAILED' ? 'failed' : 'skipped'], index);
  clearBit(state.ready, index);
  return true;
}

/**
 * Marks what follows from nodes that settled: nodes that may now start, and nodes that never will (skips are derived,
 * and spread). Once for all of a batch: a wide join is looked at once, not once for each parent. Changes `state`.
 */
export function spread(plan: GraphPlan, state: GraphState, settled: readonly number[]): void {
  let layer: Iterable<number> = settled;
  for (;;) {
    const skipped: number[] = [];
    for (const child of childrenOf(plan, layer)) {
      if (hasBit(state.ready, child) || hasBit(state.dispatched, child) || isSettled(state, child)) continue;
      const readiness = triggerRule(nodeAt(plan, child), state);
      if (readiness === 'run') setBit(state.ready, child);
      if (readiness === 'skip') {
        setBit(state.skipped, child);
        skipped.push(child);
      }
    }
    if (skipped.length === 0) return;
    layer = skipped;
  }
}

function childrenOf(plan: GraphPlan, nodes: Iterable<number>): Set<number> {
  const children = new Set<number>();
  for (const node of nodes) for (const child of nodeAt(plan, node).children) children.add(child);
  return children;
}

export const isSettled = (state: GraphState, index: number): boolean =>
  hasBit(state.succeeded, index) || hasBit(state.failed, index) || hasBit(state.skipped, index);

/** Marks a ready node dispatched. Changes `state`. */
export function take(state: GraphState, index: number): void {
  clearBit(state.ready, index);
  setBit(state.dispatched, index);
}

/** Puts a taken node back. Changes `state`. */
export function untake(state: GraphState, index: number): void {
  clearBit(state.dispatched, index);
  setBit(state.ready, index);
}

/** Nodes dispatched and not settled. */
export function* openNodes(state: GraphState): Generator<number> {
  for (const index of membersOf(state.dispatched)) if (!isSettled(state, index)) yield index;
}

/**
 * Takes back what a redrive runs anew: failures that nothing absorbed, nodes under way, and the skips that followed.
 * Changes `state`.
 */
export function reopenGraph(plan: GraphPlan, state: GraphState): void {
  const cutOff = new Set(state.cutOff);
  const isAbsorbed = (index: number) =>
    !cutOff.has(index) && isAbsorbable(plan, state, index, (child) => hasRun(state, child));
  delete state.cutOff;
  for (const index of [...membersOf(state.failed)].filter((failed) => !isAbsorbed(failed))) {
    clearBit(state.failed, index);
    clearBit(state.dispatched, index);
  }
  for (const index of [...openNodes(state)]) clearBit(state.dispatched, index);
  // A skip that was dispatched is a result: its runIf was false. One that was not followed from others'.
  for (const index of [...membersOf(state.skipped)])
    if (!hasBit(state.dispatched, index)) clearBit(state.skipped, index);
  state.ready.fill(0);
  for (const root of plan.roots) if (!isSettled(state, root)) setBit(state.ready, root);
  spread(
    plan,
    state,
    plan.nodes.filter(({ index }) => isSettled(state, index)).map(({ index }) => index),
  );
}

/** It ran, in spite of a parent's failure or because of it. */
const hasRun = (state: GraphState, index: number): boolean =>
  hasBit(state.succeeded, index) || hasBit(state.failed, index);

/** A failed node that no trigger rule downstream has absorbed or still can, or -1. */
export function unabsorbedFailure(plan: GraphPlan, state: GraphState): number {
  for (const index of membersOf(state.failed)) if (!isAbsorbable(plan, state, index)) return index;
  return -1;
}

/**
 * A failure is absorbed by a direct dependent that runs, or may yet run, in spite of it; and, past dependents that
 * are skipped because of it, by one whose rule is `all_done`.
 *
 * @param counts whether a dependent that was not skipped counts. Default: each, for it may yet run.
 */
function isAbsorbable(
  plan: GraphPlan,
  state: GraphState,
  failed: number,
  counts: (child: number) => boolean = () => true,
): boolean {
  const seen = new Set([failed]);
  for (const index of seen) {
    for (const child of nodeAt(plan, index).children) {
      if (hasBit(state.skipped, child)) {
        seen.add(child);
        continue;
      }
      const { rule } = nodeAt(plan, child);
      const tolerates = index === failed ? TOLERATES_FAILURE.has(rule) : rule === 'all_done';
      if (tolerates && counts(child)) return true;
    }
  }
  return false;
}
