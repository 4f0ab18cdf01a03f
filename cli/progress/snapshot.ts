import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { NodeResultView } from '../../shared/model/result.ts';

/** What one look at an execution found. */
export interface ProgressSnapshot {
  readonly description: ExecutionDescription;
  /** Visits that ended since the look before, in the order of their ends; empty if the view did not ask for them. */
  readonly ended: readonly NodeResultView[];
  readonly nowMs: number;
}

/** Something that shows progress. */
export interface ProgressView {
  /** Whether it wants `ended` at this look: reading results costs time, the more the larger the workflow. */
  wantsResults(description: ExecutionDescription): boolean;
  show(snapshot: ProgressSnapshot): void;
  /** After the last look: leaves on the screen what should stay. */
  close(): void;
}

/** Names an ended visit. */
export const visitKeyOf = ({ nodeId, visit, run }: NodeResultView): string => `${nodeId} ${visit} ${run}`;

/** Nodes that have come to their end, in whatever way. */
export const endedNodes = ({ progress }: ExecutionDescription): number =>
  progress.succeeded + progress.failed + progress.skipped;

/** The plan, if it is the one this execution runs: a workflow may have been changed since it was started. */
export const planOf = (plan: Plan | undefined, { definitionHash }: ExecutionDescription): Plan | undefined =>
  plan?.hash === definitionHash ? plan : undefined;
