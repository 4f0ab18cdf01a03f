import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';

/**
 * The nodes of a graph that a trigger rule skipped: they leave no result. Only of an execution that succeeded is it
 * certain that no other reason kept a node from running.
 */
export function skippedByRule(plan: Plan | undefined, { status }: ExecutionDescription, ended: ReadonlySet<string>): string[] {
  if (plan?.kind !== 'graph' || status !== 'SUCCEEDED') return [];
  return plan.nodes.filter(({ id }) => !ended.has(id)).map(({ id }) => id);
}
