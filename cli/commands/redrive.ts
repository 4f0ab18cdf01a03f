import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { addTakeUpOptions } from '../options.ts';
import { type Go, lookAt, type TakeUpOptions, takeUp } from '../take-up.ts';

/** Adds `fanjoin redrive`. */
export function addRedriveCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addTakeUpOptions(
    program
      .command('redrive')
      .argument('<id>', 'an execution id')
      .option('--latest-handlers', 'one that is pinned goes on by the handlers there are now, and is pinned no more'),
  )
    .summary('run an execution that failed on from there')
    .description(
      'Runs an execution that failed, timed out or was cancelled on from there, with its whole time anew. What has ' +
        'succeeded is not run again.',
    )
    .addHelpText('after', '\nExamples:\n  fanjoin redrive 01M83J1CWCKJQKQWSQAWE9J523')
    .action(async (id: string, options: RedriveCommandOptions) => {
      const place = placeOf(options, io);
      done(await takeUp(place, await lookAt(place, id, options), redrive(options), options, io));
    });
}

interface RedriveCommandOptions extends TakeUpOptions {
  readonly latestHandlers?: boolean;
}

const redrive =
  ({ latestHandlers = false }: RedriveCommandOptions): Go =>
  async (handle) => {
    await handle.redrive(latestHandlers ? { handlers: 'latest' } : {});
    return handle;
  };
