import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { commandFor } from '../suggest.ts';
import { withExecution } from '../with-executions.ts';

/** Adds `fanjoin pause`. */
export function addPauseCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(program.command('pause').argument('<id>', 'an execution id'))
    .summary('pause an execution')
    .description('Pauses an execution: its running nodes finish, and no new one starts until `fanjoin resume <id>`.')
    .option('--before <node>', 'pause when this node would start')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin pause 01M83J1CWCKJQKQWSQAWE9J523\n  fanjoin pause order-1042 --before ship',
    )
    .action(async (id: string, options: ExecutionOptions & { readonly before?: string }) => {
      const description = await withExecution(placeOf(options, io), id, options, async (executions) => {
        await executions.pause(id, options.before === undefined ? {} : { before: options.before });
        return executions.describe(id);
      });
      const when = description.status === 'PAUSED' ? 'is paused' : `pauses before '${options.before}'`;
      const text = `${id} ${when}; go on with: ${commandFor('resume', id, options)}`;
      io.stdout.write(options.json === true ? `${JSON.stringify(description, null, 2)}\n` : `${text}\n`);
      done(EXIT.ok);
    });
}
