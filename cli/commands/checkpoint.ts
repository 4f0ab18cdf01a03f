import type { Command } from 'commander';
import { checkpointDetailLines, checkpointLines } from '../checkpoint-text.ts';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, addTakeUpOptions, type ExecutionOptions } from '../options.ts';
import { resumeCheckpoint } from '../resume-checkpoint.ts';
import type { TakeUpOptions } from '../take-up.ts';
import { paletteFor } from '../text.ts';
import { withCheckpoint, withExecution } from '../with-executions.ts';
import { terminalColumns, writeOut } from '../write-out.ts';

/** Adds `fanjoin checkpoint list|show|resume`. */
export function addCheckpointCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  const checkpoint = program
    .command('checkpoint')
    .summary('list, show and resume checkpoints')
    .description(
      'Checkpoints are consistent cuts of an execution, taken at each pause and, with enableCheckpoints, every ' +
        'checkpointInterval finished nodes. What had finished there need not run again.',
    );
  addPlaceOptions(checkpoint.command('list').argument('<execution>', 'an execution id'))
    .summary("list an execution's checkpoints")
    .description("Lists an execution's checkpoints, oldest first.")
    .addHelpText('after', '\nExamples:\n  fanjoin checkpoint list order-1042')
    .action(async (id: string, options: ExecutionOptions) => done(await list(id, options, io)));
  addPlaceOptions(checkpoint.command('show').argument('<checkpoint>', 'a checkpoint id'))
    .summary('show what a checkpoint stands on')
    .description('Shows what had finished at a checkpoint, what was in flight, when it was taken and why.')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin checkpoint show order-1042.7\n  fanjoin checkpoint show order-1042.7 --json | jq .ended.succeeded',
    )
    .action(async (id: string, options: ExecutionOptions) => done(await show(id, options, io)));
  addTakeUpOptions(checkpoint.command('resume').argument('<checkpoint>', 'a checkpoint id'))
    .summary('go on from a checkpoint')
    .description(
      'Goes on from a checkpoint and runs to the end as `run` does: with the execution itself if it is still paused there, ' +
        'else with a new one that takes over what had finished.',
    )
    .addHelpText('after', '\nExamples:\n  fanjoin checkpoint resume order-1042.7')
    .action(async (id: string, options: TakeUpOptions) => done(await resumeCheckpoint(id, options, io)));
}

async function list(id: string, options: ExecutionOptions, io: CommandIo): Promise<number> {
  const checkpoints = await withExecution(placeOf(options, io), id, options, (executions) =>
    executions.checkpoints(id),
  );
  if (options.json === true) {
    await writeOut(io.stdout, `${JSON.stringify({ checkpoints }, null, 2)}\n`);
  } else if (checkpoints.length === 0) {
    io.stderr.write(
      `'${id}' has no checkpoints. They are taken at each pause and, with --config enableCheckpoints=true, as nodes finish.\n`,
    );
  } else {
    const palette = paletteFor(io.stdout, io.env);
    const lines = checkpointLines(checkpoints, { palette, nowMs: Date.now(), columns: terminalColumns(io) });
    await writeOut(io.stdout, `${lines.join('\n')}\n`);
  }
  return EXIT.ok;
}

async function show(id: string, options: ExecutionOptions, io: CommandIo): Promise<number> {
  const detail = await withCheckpoint(placeOf(options, io), id, options, (executions) => executions.checkpoint(id));
  const palette = paletteFor(io.stdout, io.env);
  const lines = checkpointDetailLines(detail, { palette, nowMs: Date.now(), place: options });
  await writeOut(io.stdout, options.json === true ? `${JSON.stringify(detail, null, 2)}\n` : `${lines.join('\n')}\n`);
  return EXIT.ok;
}
