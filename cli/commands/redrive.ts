import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { addTakeUpOptions } from '../options.ts';
import { type Go, lookAt, type TakeUpOptions, takeUp } from '../take-up.ts';

/** Adds `fanjoin redrive`. */
export function addRedriveCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addTakeUpOptions(program.command('redrive').argument('<id>', 'an execution id'))
    .summary('run an execution that failed on from there')
    .description(
      'Runs an execution that failed, timed out or was cancelled on from there, with its whole time anew. What has ' +
        'succeeded is not run again.',
    )
    .addHelpText('after', '\nExamples:\n  fanjoin redrive 01M83J1CWCKJQKQWSQAWE9J523')
    .action(async (id: string, options: TakeUpOptions) => {
      const place = placeOf(options, io);
      done(await takeUp(place, await lookAt(place, id, options), go, options, io));
    });
}

const go: Go = async (handle) => {
  await handle.redrive();
  return handle;
};
