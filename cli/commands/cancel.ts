import type { Command } from 'commander';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import type { CommandIo } from '../command-io.ts';
import { isInUse, openExecutor, type Place, placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { commandFor } from '../suggest.ts';
import { withExecution } from '../with-executions.ts';

/** Running nodes have 10 s to settle; then the execution ends without them. */
const WAIT_MS = 15_000;

/** Adds `fanjoin cancel`. */
export function addCancelCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(program.command('cancel').argument('<id>', 'an execution id'))
    .summary('cancel an execution')
    .description(
      'Cancels an execution, also one that another process runs: its running nodes see their signal abort and have ' +
        '10 s to settle. What has succeeded until then is kept.',
    )
    .addHelpText('after', '\nExamples:\n  fanjoin cancel 01M83J1CWCKJQKQWSQAWE9J523')
    .action(async (id: string, options: ExecutionOptions) => done(await cancel(id, options, io)));
}

async function cancel(id: string, options: ExecutionOptions, io: CommandIo): Promise<number> {
  const place = placeOf(options, io);
  const description = await withExecution(place, id, options, async (executions) => {
    await cancelWhereItRuns(place, executions, id);
    return executions.describe(id);
  });
  io.stdout.write(
    options.json === true ? `${JSON.stringify(description, null, 2)}\n` : `${textOf(description, options)}\n`,
  );
  return EXIT.ok;
}

/** Sets the flag, and waits for whoever runs the execution to end it; where nobody does, this process is the one. */
async function cancelWhereItRuns(place: Place, executions: Executions, id: string): Promise<void> {
  const signal = AbortSignal.timeout(WAIT_MS);
  if (place.endpoint === undefined) {
    try {
      await using executor = openExecutor(place);
      await executor.get(id).cancel();
      return await executions.untilAtRest(id, signal);
    } catch (error) {
      if (!isInUse(error)) throw error;
    }
  }
  await executions.cancel(id);
  await executions.untilAtRest(id, signal);
}

function textOf({ executionId, status, isAtRest }: ExecutionDescription, options: ExecutionOptions): string {
  if (isAtRest) return `${executionId} ${status}`;
  const how =
    options.endpoint === undefined
      ? `; if no process runs it, it ends with: ${commandFor('resume', executionId, options)}`
      : '';
  return `${executionId} is to be cancelled, and still ${status}${how}`;
}
