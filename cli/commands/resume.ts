import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { FanjoinError } from '../../shared/errors.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import { loadResult } from '../../shared/executor/execution-result.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import type { ExecutionHandle } from '../../shared/executor/workflow-executor.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { CommandIo } from '../command-io.ts';
import { openExecutor, openExisting, type Place, placeOf } from '../connect.ts';
import { finish } from '../finish.ts';
import type { FollowOptions } from '../follow.ts';
import { addPlaceOptions, type FollowingOptions } from '../options.ts';
import { readEnded } from '../progress/watch.ts';
import { loadResumeSources, type ResumeSources, tryLoadResumeSources } from '../resume-sources.ts';
import { resumeCommand, runToEnd } from '../run-to-end.ts';
import { formatDuration, paletteFor, plural } from '../text.ts';
import { UsageError } from '../usage-error.ts';

interface ResumeOptions extends FollowingOptions {
  readonly workflow?: string;
}

/** Adds `fanjoin resume`. */
export function addResumeCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(program.command('resume').argument('[id]', 'an execution id (default: the only open one of the database)'))
    .summary('go on with an execution that a crash, Ctrl-C or a pause left')
    .description(
      'Takes up an execution that a crash, Ctrl-C, `start` or a pause left, and runs it to its end as `run` does. What\n' +
        'has finished is not run again. Of one that has ended it prints the output again.',
    )
    .option('--workflow <path>', 'the workflow file, where it is no longer the one the execution was started from')
    .option('--handlers <file>', 'the handlers of a YAML or JSON workflow, likewise')
    .option('--no-progress', 'only the first and the last line on stderr')
    .option('-q, --quiet', 'nothing on stderr but errors')
    .addHelpText('after', '\nExamples:\n  fanjoin resume\n  fanjoin resume 01M83J1CWCKJQKQWSQAWE9J523 > audit.md')
    .action(async (id: string | undefined, options: ResumeOptions) => done(await resume(id, options, io)));
}

async function resume(id: string | undefined, options: ResumeOptions, io: CommandIo): Promise<number> {
  const place = placeOf(options, io);
  const executionId = id ?? (await onlyOpenExecution(place, options));
  const description = await describeOrPrint(place, executionId, options, io);
  if (typeof description === 'number') return description;
  const isLocal = place.endpoint === undefined;
  const sources = isLocal ? await loadResumeSources(description, { ...options, cwd: io.cwd }) : await tryLoadResumeSources(description, { ...options, cwd: io.cwd });
  await using executor = openExecutor(place, sources.handlers);
  const handle = executor.get(executionId);
  const before = await endedBefore(handle);
  if (isLocal || description.status === 'PAUSED') await handle.resume();
  if (options.quiet !== true) announce(description, io);
  return await runToEnd(handle, { io, options, ...sources, before });
}

/** The description of an execution that is to go on; of one that ended, the exit code after its output was printed. */
async function describeOrPrint(place: Place, id: string, options: ResumeOptions, io: CommandIo): Promise<ExecutionDescription | number> {
  const executions = openExisting(place, id);
  try {
    const description = await executions.describe(id);
    if (!isTerminal(description.status)) return description;
    const sources: ResumeSources = await tryLoadResumeSources(description, { ...options, cwd: io.cwd });
    const { json = false, quiet = false } = options;
    return finish(await loadResult(executions, id), description, { io, json, quiet, resume: resumeCommand(id, options), ...sources });
  } finally {
    await executions.close();
  }
}

async function endedBefore(handle: ExecutionHandle): Promise<FollowOptions['before']> {
  const visits = new Set<string>();
  const ended = await readEnded(handle, visits);
  return { visits, nodes: new Set(ended.map(({ nodeId }) => nodeId)) };
}

function announce({ executionId, workflow, progress, startedAtMs }: ExecutionDescription, io: CommandIo): void {
  const { bold, dim } = paletteFor(io.stderr, io.env);
  const ended = progress.succeeded + progress.failed + progress.skipped;
  const since = `started ${formatDuration(Date.now() - startedAtMs)} ago, ${ended} of ${plural(progress.nodes, 'node')} done`;
  io.stderr.write(`${bold(workflow)} ${executionId} ${dim(`(resumed; ${since})`)}\n`);
}

async function onlyOpenExecution({ database, endpoint }: Place, options: ResumeOptions): Promise<string> {
  if (endpoint !== undefined) throw new UsageError('With --endpoint, name the execution: fanjoin resume <id> --endpoint <url>');
  const open = existsSync(database) ? await openExecutionsOf(database) : [];
  const [only, ...others] = open;
  if (only === undefined) throw new FanjoinError('EXECUTION_NOT_FOUND', `No execution of '${database}' is open. One that ended is printed again by its id.`);
  if (others.length === 0) return only.executionId;
  const lines = open.map(({ executionId, workflow, status, startedAtMs }) => {
    const age = formatDuration(Date.now() - startedAtMs);
    return `  ${resumeCommand(executionId, options)}   ${workflow}, ${status}, started ${age} ago`;
  });
  throw new UsageError(`Several executions are open; name one:\n${lines.join('\n')}`);
}

async function openExecutionsOf(database: string): Promise<ExecutionDescription[]> {
  const client = new LocalClient({ database, clock: systemClock });
  try {
    return await client.openExecutions();
  } finally {
    await client.close();
  }
}
