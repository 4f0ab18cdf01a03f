import type { TriggerRule } from '../model/definition.ts';
import { type Bits, hasBit } from './bits.ts';
import type { PlanNode } from './plan.ts';

/** What became of the nodes so far; a node is in at most one of the sets. */
export interface Outcomes {
  readonly succeeded: Bits;
  readonly failed: Bits;
  readonly skipped: Bits;
}

export type Readiness = 'wait' | 'run' | 'skip';

/** Rules under which a node may run although a direct parent failed. */
export const TOLERATES_FAILURE: ReadonlySet<TriggerRule> = new Set([
  'all_failed',
  'all_done',
  'any_success',
  'any_failed',
]);

/**
 * Whether `node` may start now, can never start, or must wait. A skipped parent counts as done, neither as success
 * nor as failure. `any_*` rules run as soon as one parent is as they ask.
 */
export function triggerRule(node: PlanNode, outcomes: Outcomes): Readiness {
  const { succeeded, failed, skipped } = outcomes;
  const some = (...sets: Bits[]) => someParent(node, sets);
  const every = (...sets: Bits[]) => everyParent(node, sets);
  switch (node.rule) {
    case 'all_success':
      if (some(failed, skipped)) return 'skip';
      return every(succeeded) ? 'run' : 'wait';
    case 'all_failed':
      if (some(succeeded, skipped)) return 'skip';
      return every(failed) ? 'run' : 'wait';
    case 'none_failed':
      if (some(failed)) return 'skip';
      return every(succeeded, skipped) ? 'run' : 'wait';
    case 'all_done':
      return every(succeeded, failed, skipped) ? 'run' : 'wait';
    case 'any_success':
      if (some(succeeded)) return 'run';
      return every(failed, skipped) ? 'skip' : 'wait';
    case 'any_failed':
      if (some(failed)) return 'run';
      return every(succeeded, skipped) ? 'skip' : 'wait';
  }
}

function someParent({ parents, parentBits }: PlanNode, sets: readonly Bits[]): boolean {
  if (parentBits === undefined) {
    for (const parent of parents) if (isInOne(sets, parent)) return true;
    return false;
  }
  for (let byte = 0; byte < parentBits.length; byte++) {
    if (((parentBits[byte] ?? 0) & union(sets, byte)) !== 0) return true;
  }
  return false;
}

function everyParent({ parents, parentBits }: PlanNode, sets: readonly Bits[]): boolean {
  if (parentBits === undefined) {
    for (const parent of parents) if (!isInOne(sets, parent)) return false;
    return true;
  }
  for (let byte = 0; byte < parentBits.length; byte++) {
    if (((parentBits[byte] ?? 0) & ~union(sets, byte)) !== 0) return false;
  }
  return true;
}

function isInOne(sets: readonly Bits[], index: number): boolean {
  for (const set of sets) if (hasBit(set, index)) return true;
  return false;
}

function union(sets: readonly Bits[], byte: number): number {
  let value = 0;
  for (const set of sets) value |= set[byte] ?? 0;
  return value;
}
