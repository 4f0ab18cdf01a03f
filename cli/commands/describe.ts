import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { descriptionLines } from '../description-text.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { paletteFor } from '../text.ts';
import { withExecution } from '../with-executions.ts';

/** Adds `fanjoin describe`. */
export function addDescribeCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(program.command('describe').argument('<id>', 'an execution id'))
    .summary('show how an execution stands')
    .description('Shows how an execution stands, also while another process runs it.')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin describe 01M83J1CWCKJQKQWSQAWE9J523\n  fanjoin describe order-1042 --json | jq .progress',
    )
    .action(async (id: string, options: ExecutionOptions) => {
      const description = await withExecution(placeOf(options, io), id, options, (executions) =>
        executions.describe(id),
      );
      const lines = descriptionLines(description, {
        palette: paletteFor(io.stdout, io.env),
        nowMs: Date.now(),
        place: options,
      });
      io.stdout.write(options.json === true ? `${JSON.stringify(description, null, 2)}\n` : `${lines.join('\n')}\n`);
      done(EXIT.ok);
    });
}
