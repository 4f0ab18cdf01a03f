import type { Plan } from '../shared/core/plan.ts';
import type { ExecutionDescription } from '../shared/executor/description.ts';
import { loadResult } from '../shared/executor/execution-result.ts';
import type { Executions } from '../shared/executor/executions.ts';
import { LocalClient } from '../shared/executor/local-client.ts';
import type { ExecutionHandle } from '../shared/executor/workflow-executor.ts';
import type { CommandIo } from './command-io.ts';
import { openExecutor, openExisting, type Place } from './connect.ts';
import { finish } from './finish.ts';
import type { FollowOptions } from './follow.ts';
import { loadSecrets } from './load-secrets.ts';
import type { FollowingOptions } from './options.ts';
import { poolsOf } from './pools.ts';
import { readEnded } from './progress/watch.ts';
import { loadResumeSources, tryLoadResumeSources } from './resume-sources.ts';
import { runToEnd } from './run-to-end.ts';
import { formatCount, formatDuration, paletteFor, plural } from './text.ts';

export interface TakeUpOptions extends FollowingOptions {
  readonly workflow?: string;
}

/** An execution that was started before, with what is known of it without running it. */
export interface StandingExecution {
  readonly description: ExecutionDescription;
  /** Its own definition, as it was started; an endpoint does not give it. */
  readonly plan: Plan | undefined;
}

/** Looks at an execution without taking it. @throws {ExecutionNotFoundError} */
export async function lookAt(place: Place, id: string): Promise<StandingExecution> {
  return withExecutions(place, id, async (executions) => ({
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
  const result = await withExecutions(place, executionId, (executions) =>
    loadResult(executions, executionId, Date.now()),
  );
  const { json = false, quiet = false } = options;
  return finish(result, description, { io, json, quiet, plan, commandLine, options });
}

/**
 * Goes on with an execution and follows it to its end; gives the exit code.
 * @param go tells the engine, or the endpoint, to go on
 */
export async function takeUp(
  place: Place,
  { description, plan }: StandingExecution,
  go: (handle: ExecutionHandle) => Promise<void>,
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
  const handle = executor.get(description.executionId);
  const before = await endedBefore(handle);
  await go(handle);
  if (options.quiet !== true) announce(description, io);
  return await runToEnd(handle, { io, options, plan, commandLine, before });
}

async function endedBefore(handle: ExecutionHandle): Promise<FollowOptions['before']> {
  const visits = new Set<string>();
  const ended = await readEnded(handle, visits);
  return { visits, nodes: new Set(ended.map(({ nodeId }) => nodeId)) };
}

function announce({ executionId, workflow, progress, startedAtMs }: ExecutionDescription, io: CommandIo): void {
  const { bold, dim } = paletteFor(io.stderr, io.env);
  const since = `started ${formatDuration(Date.now() - startedAtMs)} ago, ${formatCount(progress.succeeded)} of ${plural(progress.nodes, 'node')} stand`;
  io.stderr.write(`${bold(workflow)} ${executionId} ${dim(`(goes on; ${since})`)}\n`);
}

async function withExecutions<T>(place: Place, id: string, task: (executions: Executions) => Promise<T>): Promise<T> {
  const executions = openExisting(place, id);
  try {
    return await task(executions);
  } finally {
    await executions.close();
  }
}
