import type { Plan, PlanNode } from '../core/plan.ts';
import { outlineError } from '../errors.ts';
import type { MetaItem } from '../model/items.ts';
import type { VisitTask } from '../model/message.ts';
import type { AttemptRecord, ErrorInfo } from '../model/result.ts';
import type { NodeInput } from './node-input.ts';
import type { VisitTrace } from './visit-trace.ts';

/** One attempt at one visit of a node, or at a part of it. */
export interface Visit<Task extends VisitTask = VisitTask> {
  readonly meta: MetaItem;
  readonly plan: Plan;
  readonly node: PlanNode;
  readonly task: Task;
  readonly input: NodeInput;
  readonly startedAtMs: number;
  /** Absent where the execution is not traced. */
  readonly trace: VisitTrace | undefined;
  /** Aborts when the execution stops; absent where no handler runs. */
  readonly stop?: AbortSignal;
  /** Nodes that ran on the same message before it. */
  readonly hops: number;
  /** What is left of the invocation; infinite where nothing ends it. */
  remainingMs(): number;
}

/** Where a visit's items are kept. */
export const visitKeyOf = ({ meta, task }: Visit) => ({
  executionId: meta.executionId,
  resultShards: meta.resultShards,
  run: task.run,
  node: task.node,
  visit: task.visit,
});

/** Where a visit's large values are kept. */
export const visitFolder = ({ meta, task }: Visit): string =>
  `executions/${meta.executionId}/${task.node}/${task.visit}.${task.run}`;

/** All attempts so far, this one last. */
export function attemptsOf({ task, startedAtMs }: Visit, endedAtMs: number, error?: ErrorInfo): AttemptRecord[] {
  const record = {
    attempt: task.attempt,
    startedAtMs,
    endedAtMs,
    ...(error !== undefined && { error: outlineError(error) }),
  };
  return [...(task.earlier ?? []), record];
}
