import type { Plan } from '../shared/core/plan.ts';
import { DatabaseError } from '../shared/errors.ts';
import type { ExecutionHandle } from '../shared/executor/execution-handle.ts';
import type { CommandIo } from './command-io.ts';
import { exitCodeOfSignal } from './exit-code.ts';
import { finish } from './finish.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { FollowingOptions } from './options.ts';
import { commandFor } from './suggest.ts';
import { formatTime, paletteFor } from './text.ts';
import type { CommandLine } from './workflow-module.ts';

export interface RunToEndOptions {
  readonly io: CommandIo;
  readonly options: FollowingOptions;
  readonly plan: Plan | undefined;
  readonly commandLine: CommandLine;
  readonly before: FollowOptions['before'];
}

/** Follows an execution that runs now, then prints its output and summary; gives the exit code. */
export async function runToEnd(
  handle: ExecutionHandle,
  { io, options, plan, commandLine, before }: RunToEndOptions,
): Promise<number> {
  const { quiet = false, json = false, progress } = options;
  const followed = await follow(handle, { io, plan, before, showsProgress: progress && !quiet }).catch((error) => {
    if (!quiet && isKept(error)) io.stderr.write(`${keptMessage(handle, { io, options })}\n`);
    throw error;
  });
  if ('interrupted' in followed) {
    const message = await detachedMessage(handle, options);
    if (!quiet) io.stderr.write(`${paletteFor(io.stderr, io.env).warn('detached:')} ${message}\n`);
    if (json)
      io.stdout.write(
        `${JSON.stringify({ error: { code: 'DETACHED', message, executionId: handle.executionId } }, null, 2)}\n`,
      );
    return exitCodeOfSignal(followed.interrupted);
  }
  // On a terminal, some air between the nodes and the output.
  if (io.stderr.isTTY === true && io.stdout.isTTY === true && !quiet && followed.result.status === 'SUCCEEDED')
    io.stderr.write('\n');
  return finish(followed.result, await handle.describe(), { io, json, quiet, plan, commandLine, options });
}

/** Storage failed under it: what it had done by then stands. */
const isKept = (error: unknown): boolean => error instanceof DatabaseError && error.code !== 'DATABASE_GONE';

function keptMessage(
  { executionId }: ExecutionHandle,
  { io, options }: Pick<RunToEndOptions, 'io' | 'options'>,
): string {
  const stopped = paletteFor(io.stderr, io.env).warn('stopped:');
  return `${stopped} ${executionId} is kept as it stands. Continue it with: ${commandFor('resume', executionId, options)}`;
}

async function detachedMessage(handle: ExecutionHandle, options: FollowingOptions): Promise<string> {
  const id = handle.executionId;
  const resume = commandFor('resume', id, options);
  if (options.endpoint !== undefined) return `${id} goes on without you. Follow it with: ${resume}`;
  const { deadlineAtMs, config } = await handle.describe();
  const until = `${formatTime(deadlineAtMs, Date.now())}, when its ${config.timeoutSeconds} s are over`;
  return `${id} is kept as it stands. Continue it with: ${resume} (until ${until})`;
}
