import { isTerminal } from '../model/result.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { checkpointIdOf } from './checkpoints.ts';
import type { ExecutionDescription } from './description.ts';
import { isAtRest, presentState } from './present-state.ts';
import { progressOf } from './progress.ts';

/** How an execution stands. */
export async function describeExecution(store: Store, snapshot: Snapshot): Promise<ExecutionDescription> {
  const { meta, state } = snapshot;
  const plan = await store.definitions.loadPlan(meta.workflow, meta.definitionHash);
  const present = await presentState(store, plan, snapshot);
  return {
    executionId: meta.executionId,
    workflow: meta.workflow,
    definitionHash: meta.definitionHash,
    status: meta.status,
    isStopping: meta.stop !== undefined && !isTerminal(meta.status),
    isAtRest: isAtRest(plan, snapshot),
    run: meta.run,
    startedAtMs: meta.startedAtMs,
    deadlineAtMs: meta.deadlineAtMs,
    endedAtMs: meta.endedAtMs,
    config: meta.config,
    tags: meta.tags,
    searchAttributes: meta.searchAttributes,
    progress: progressOf(plan, present, isTerminal(meta.status)),
    error: meta.error,
    failedNode: meta.failedNode,
    origin: meta.origin,
    cachedFrom: meta.cachedFrom,
    traceId: meta.trace?.traceId,
    handlersVersion: meta.pin?.version,
    ...(state?.state.checkpointRevision !== undefined && {
      checkpointId: checkpointIdOf(meta.executionId, state.state.checkpointRevision),
    }),
  };
}
