import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { FanjoinError } from '../../shared/errors.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { CommandIo } from '../command-io.ts';
import { type Place, placeOf } from '../connect.ts';
import { addTakeUpOptions } from '../options.ts';
import { commandFor } from '../suggest.ts';
import { type Go, lookAt, printEnded, type TakeUpOptions, takeUp } from '../take-up.ts';
import { formatDuration } from '../text.ts';
import { UsageError } from '../usage-error.ts';

/** Adds `fanjoin resume`. */
export function addResumeCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addTakeUpOptions(
    program.command('resume').argument('[id]', 'an execution id (default: the only open one of the database)'),
  )
    .summary('go on with an execution that a crash, Ctrl-C or a pause left')
    .description(
      'Takes up an execution that a crash, Ctrl-C, `start` or a pause left, and runs it to its end as `run` does. What ' +
        'has finished is not run again. Of one that has ended it prints the output again.',
    )
    .addHelpText('after', '\nExamples:\n  fanjoin resume\n  fanjoin resume 01M83J1CWCKJQKQWSQAWE9J523 > audit.md')
    .action(async (id: string | undefined, options: TakeUpOptions) => done(await resume(id, options, io)));
}

async function resume(id: string | undefined, options: TakeUpOptions, io: CommandIo): Promise<number> {
  const place = placeOf(options, io);
  const standing = await lookAt(place, id ?? (await onlyOpenExecution(place, options)), options);
  const { status } = standing.description;
  if (isTerminal(status)) return printEnded(place, standing, options, io);
  // Behind an endpoint, one that runs needs nobody: it is only followed.
  const isMoved = place.endpoint !== undefined && status === 'RUNNING';
  const go: Go = async (handle) => {
    if (!isMoved) await handle.resume();
    return handle;
  };
  return takeUp(place, standing, go, options, io);
}

async function onlyOpenExecution({ database, endpoint }: Place, options: TakeUpOptions): Promise<string> {
  if (endpoint !== undefined)
    throw new UsageError('With --endpoint, name the execution: fanjoin resume <id> --endpoint <url>');
  const open = existsSync(database) ? await openExecutionsOf(database) : [];
  const [only, ...others] = open;
  if (only === undefined)
    throw new FanjoinError(
      'EXECUTION_NOT_FOUND',
      `No execution of '${database}' is open. One that ended is printed again by its id.`,
    );
  if (others.length === 0) return only.executionId;
  const lines = open.map(({ executionId, workflow, status, startedAtMs }) => {
    const age = formatDuration(Date.now() - startedAtMs);
    return `  ${commandFor('resume', executionId, options)}   ${workflow}, ${status}, started ${age} ago`;
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
