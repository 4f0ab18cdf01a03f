import type { Plan } from '../shared/core/plan.ts';
import type { ExecutionDescription } from '../shared/executor/description.ts';
import type { ExecutionHandle } from '../shared/executor/execution-handle.ts';
import { loadResult } from '../shared/executor/execution-result.ts';
import { LocalClient } from '../shared/executor/local-client.ts';
import type { WorkflowExecutor } from '../shared/executor/workflow-executor.ts';
import type { CommandIo } from './command-io.ts';
import { openExecutor, type Place, type PlaceOptions } from './connect.ts';
import { finish } from './finish.ts';
import type { FollowOptions } from './follow.ts';
import { loadSecrets } from './load-secrets.ts';
import type { FollowingOptions } from './options.ts';
import { poolsOf } from './pools.ts';
import { readEnded } from './progress/watch.ts';
import { loadResumeSources, tryLoadResumeSources } from './resume-sources.ts';
import { runToEnd } from './run-to-end.ts';
import { formatCount, formatDuration, paletteFor, plural } from './text.ts';
import { withExecution } from './with-executions.ts';

export interface TakeUpOptions extends FollowingOptions {
  readonly workflow?: string;
}

/** An execution that was started before, with what is known of it without running it. */
export interface StandingExecution {
  readonly description: ExecutionDescription;
  /** Its own definition, as it was started; an endpoint does not give it. */
  readonly plan: Plan | undefined;
}

/** Looks at an execution without taking it. @throws {FanjoinError} `EXECUTION_NOT_FOUND` */
export function lookAt(place: Place, id: string, options: PlaceOptions): Promise<StandingExecution> {
  return withExecution(place, id, options, async (executions) => ({
    description: await executions.describe(id),
    plan: executions instanceof LocalClient ? await executions.plan(id) : undefined,
  }));
}

/** Prints an execution that has ended as `run` did, or would have; gives the exit code. */
export async function printEnded(
  place: Place,
  { description, plan }: StandingExecution,
  options: TakeUpOptions,
  io: CommandIo,
): Promise<number> {
  const { executionId } = description;
  const { commandLine } = await tryLoadResumeSources(description, { ...options, cwd: io.cwd });
  const result = await withExecution(place, executionId, options, (executions) =>
    loadResult(executions, executionId, Date.now()),
  );
  const { json = false, quiet = false } = options;
  return finish(result, description, { io, json, quiet, plan, commandLine, options });
}

/** Tells the engine, or the endpoint, to go on. Gives what goes on: the execution itself, or a new one made from it. */
export type Go = (handle: ExecutionHandle, executor: WorkflowExecutor) => Promise<ExecutionHandle>;

/** Goes on with an execution and follows what does so to its end; gives the exit code. */
export async function takeUp(
  place: Place,
  { description, plan }: StandingExecution,
  go: Go,
  options: TakeUpOptions,
  io: CommandIo,
): Promise<number> {
  loadSecrets(options.secrets, io.cwd);
  const files = { ...options, cwd: io.cwd };
  const isLocal = place.endpoint === undefined;
  const { handlers, commandLine } = await (isLocal
    ? loadResumeSources(description, files)
    : tryLoadResumeSources(description, files));
  const pools = plan === undefined ? {} : poolsOf(plan, options.pool);
  await using executor = openExecutor(place, { handlers, pools });
  const standing = executor.get(description.executionId);
  const endedHere = await endedBefore(standing);
  const handle = await go(standing, executor);
  const isNew = handle.executionId !== standing.executionId;
  const now = isNew ? await handle.describe() : description;
  // What a new one took over had ended before it began.
  const before = isNew ? await endedBefore(handle, now.startedAtMs - 1) : endedHere;
  if (options.quiet !== true) announce(now, isNew, io);
  return await runToEnd(handle, { io, options, plan, commandLine, before });
}

async function endedBefore(handle: ExecutionHandle, untilMs?: number): Promise<FollowOptions['before']> {
  const visits = new Set<string>();
  const ended = await readEnded(handle, visits, untilMs);
  return { visits, nodes: new Set(ended.map(({ nodeId }) => nodeId)) };
}

function announce(
  { executionId, workflow, progress, startedAtMs, origin }: ExecutionDescription,
  isNew: boolean,
  io: CommandIo,
): void {
  const { bold, dim } = paletteFor(io.stderr, io.env);
  const since =
    isNew && origin !== undefined
      ? `a new execution from ${origin.checkpointId}`
      : `goes on; started ${formatDuration(Date.now() - startedAtMs)} ago`;
  const standing = `${formatCount(progress.succeeded)} of ${plural(progress.nodes, 'node')} stand`;
  io.stderr.write(`${bold(workflow)} ${executionId} ${dim(`(${since}, ${standing})`)}\n`);
}
