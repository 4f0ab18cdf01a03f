import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import { endedNodes } from './snapshot.ts';

/** The nodes of a graph that a trigger rule skipped: they leave no result. Known once nothing else can have kept a node from one. */
export function skippedByRule(
  plan: Plan | undefined,
  description: ExecutionDescription,
  ended: ReadonlySet<string>,
): string[] {
  if (plan?.kind !== 'graph' || endedNodes(description) < plan.nodes.length) return [];
  return plan.nodes.filter(({ id }) => !ended.has(id)).map(({ id }) => id);
}
