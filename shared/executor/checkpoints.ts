import * as z from 'zod';
import { finishedNodes, fromCheckpoint, settledVisits } from '../core/checkpoint.ts';
import { nodeAt, type Plan } from '../core/plan.ts';
import { CheckpointNotFoundError } from '../errors.ts';
import { ExecutionId } from '../model/ids.ts';
import type { CheckpointItem, CheckpointOutline, MetaItem, ResultItem } from '../model/items.ts';
import { nextLook } from '../scheduler/sweep.ts';
import { checkpointIn } from '../store/checkpoint-store.ts';
import type { Snapshot } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';
import { forkTrace } from '../tracing/execution-trace.ts';
import { Progress } from './description.ts';
import { endedNodes, progressOf } from './progress.ts';

/** A checkpoint as users see it. */
export const CheckpointView = z.object({
  /** Names it to `resumeCheckpoint`. */
  checkpointId: z.string(),
  reason: z.enum(['pause', 'interval']),
  finishedNodes: z.int(),
  createdAtMs: z.number(),
});
export type CheckpointView = z.infer<typeof CheckpointView>;

/** Nodes listed of each kind; the counts of `progress` are of all. */
const LISTED = 1_000;

/** A checkpoint with what it stands on. */
export const CheckpointDetail = CheckpointView.extend({
  executionId: z.string(),
  workflow: z.string(),
  run: z.int(),
  /** How far the execution was: `running` had begun and not ended, and begins anew when the checkpoint is resumed. */
  progress: Progress,
  /** Ids of nodes by how they had ended, at most 1,000 of each. A loop counts each node by its last visit. */
  ended: z.object({ succeeded: z.array(z.string()), failed: z.array(z.string()), skipped: z.array(z.string()) }),
  /** The execution is still paused there: resuming the checkpoint goes on with it. Else a new execution begins. */
  isCurrent: z.boolean(),
});
export type CheckpointDetail = z.infer<typeof CheckpointDetail>;

/** A checkpoint in detail. @param now how its execution stands */
export function describeCheckpoint(plan: Plan, checkpoint: CheckpointItem, now: Snapshot): CheckpointDetail {
  const { state, executionId, run } = checkpoint;
  const { succeeded, failed, skipped } = endedNodes(plan, state);
  return {
    ...viewCheckpoint(checkpoint),
    executionId,
    workflow: plan.definition.name,
    run,
    progress: progressOf(plan, state, false),
    ended: {
      succeeded: succeeded.slice(0, LISTED),
      failed: failed.slice(0, LISTED),
      skipped: skipped.slice(0, LISTED),
    },
    isCurrent: isStillAt(checkpoint, now),
  };
}

/** Whether the execution is paused where the checkpoint was taken. */
export const isStillAt = (
  { finishedNodes: finishedThen }: Pick<CheckpointItem, 'finishedNodes'>,
  { meta, state }: Snapshot,
): boolean => meta.status === 'PAUSED' && state !== undefined && finishedNodes(state.state) === finishedThen;

export const checkpointIdOf = (executionId: string, revision: number): string => `${executionId}.${revision}`;

const viewCheckpoint = ({
  executionId,
  revision,
  reason,
  finishedNodes,
  createdAtMs,
}: CheckpointOutline): CheckpointView => ({
  checkpointId: checkpointIdOf(executionId, revision),
  reason,
  finishedNodes,
  createdAtMs,
});

/** @throws {CheckpointNotFoundError} */
export async function loadCheckpoint(store: Store, checkpointId: string): Promise<CheckpointItem> {
  const [, id = '', revision = ''] = /^(.+)\.(\d{1,8})$/.exec(checkpointId) ?? [];
  const executionId = ExecutionId.safeParse(id);
  if (!executionId.success) throw new CheckpointNotFoundError(checkpointId);
  const standing = await store.checkpoints.load(executionId.data, Number(revision));
  if (standing !== undefined) return standing;
  const snapshot = await store.executions.loadSnapshot(executionId.data);
  const latest = checkpointIn(executionId.data, snapshot?.state);
  if (latest?.revision !== Number(revision)) throw new CheckpointNotFoundError(checkpointId);
  return latest;
}

/** Oldest first. */
export async function listCheckpoints(
  store: Store,
  { meta: { executionId }, state }: Snapshot,
): Promise<CheckpointView[]> {
  const standing = await store.checkpoints.list(executionId);
  const latest = checkpointIn(executionId, state);
  const isListed = latest === undefined || standing.some(({ revision }) => revision === latest.revision);
  return (isListed ? standing : [...standing, latest]).map(viewCheckpoint);
}

/**
 * Makes a new execution that goes on from a cut of another: the results that the cut stands on are copied, then the
 * state is put, then META. Until that last write there is no execution; repeated, all of it comes out the same.
 */
export async function startFromCheckpoint(
  store: Store,
  source: MetaItem,
  checkpoint: CheckpointItem,
  executionId: ExecutionId,
  nowMs: number,
): Promise<void> {
  const plan = await store.definitions.loadPlan(source.workflow, source.definitionHash);
  const state = fromCheckpoint(plan, checkpoint.state);
  const visits = settledVisits(plan, state).map(({ node, visit }) => ({ node: nodeAt(plan, node).id, visit }));
  for (let first = 0; first < visits.length; first += COPIED_AT_ONCE) {
    const page = visits.slice(first, first + COPIED_AT_ONCE);
    await Promise.all(
      page.map(({ node, visit }) => copyResult(store, { ...source, run: checkpoint.run, node, visit }, executionId)),
    );
  }
  await store.executions.saveState(executionId, 0, { state, batches: {}, savedAtMs: nowMs });
  const {
    workflow,
    definitionHash,
    config,
    pin,
    input,
    globals,
    globalsHoldSecrets,
    tags,
    searchAttributes,
    requestDigest,
  } = source;
  await store.executions.create({
    executionId,
    ...(source.trace !== undefined && {
      trace: forkTrace(source.trace, { executionId: source.executionId, run: checkpoint.run }),
    }),
    workflow,
    definitionHash,
    config,
    pin,
    // As the copies of its results lie.
    resultShards: source.resultShards,
    input,
    globals,
    globalsHoldSecrets,
    tags,
    searchAttributes,
    requestDigest,
    origin: { executionId: source.executionId, checkpointId: checkpointIdOf(source.executionId, checkpoint.revision) },
    startedAtMs: nowMs,
    dueAtMs: nextLook({ deadlineAtMs: nowMs + config.timeoutSeconds * 1000 }, nowMs),
  });
}

const COPIED_AT_ONCE = 100;

async function copyResult(
  store: Store,
  {
    executionId: from,
    resultShards,
    run,
    node,
    visit,
  }: Pick<MetaItem, 'executionId' | 'resultShards' | 'run'> & Pick<ResultItem, 'node' | 'visit'>,
  executionId: ExecutionId,
): Promise<void> {
  const result = await store.results.loadResult({ executionId: from, resultShards, run, node, visit });
  if (result === undefined) return;
  // What followed from it there is in the state: nothing is to be started, and nobody to be told.
  const { pk: _pk, sk: _sk, v: _v, handedOff: _started, inlined: _run, ends: _ended, advance: _told, ...rest } = result;
  await store.results.putResult({ ...rest, executionId, resultShards, run: 1, copiedFrom: from });
}
