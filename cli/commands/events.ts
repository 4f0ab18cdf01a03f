import type { Command } from 'commander';
import type { Executions } from '../../shared/executor/executions.ts';
import { followEvents } from '../../shared/executor/follow-events.ts';
import type { CommandIo, InterruptSignal } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EventPrinter } from '../event-printer.ts';
import { EXIT, exitCodeOfSignal } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { withExecution } from '../with-executions.ts';
import { printHistory, startOf } from './history.ts';

interface EventsCommandOptions extends ExecutionOptions {
  readonly follow?: boolean;
  readonly after?: string;
}

/** Adds `fanjoin events`. */
export function addEventsCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(
    program
      .command('events')
      .argument('<id>', 'an execution id')
      .option('-f, --follow', 'go on until the execution has ended')
      .option('--after <position>', "only what came after: the 'position' of an event"),
  )
    .summary('watch what happens in an execution')
    .description(
      'Prints what happened in an execution so far and, with --follow, what happens until it has ended. Ctrl-C ends the ' +
        'watching, not the execution. With --json each line is a JSON object.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: EventsCommandOptions) => done(await events(id, options, io)));
}

const EXAMPLES = `
Examples:
  fanjoin events order-1042 --follow
  fanjoin events order-1042 -f --json | jq -r 'select(.type == "NodeSucceeded").nodeId'`;

async function events(id: string, options: EventsCommandOptions, io: CommandIo): Promise<number> {
  return withExecution(placeOf(options, io), id, options, async (executions) => {
    if (options.follow === true) return follow(executions, id, options, io);
    await printHistory(executions, id, options, io);
    return EXIT.ok;
  });
}

async function follow(
  executions: Executions,
  id: string,
  { after, json = false }: EventsCommandOptions,
  io: CommandIo,
): Promise<number> {
  const startedAtMs = await startOf(executions, id, after);
  const printer = new EventPrinter(io, { startedAtMs, json });
  const stop = new AbortController();
  let interrupted: InterruptSignal | undefined;
  const release = io.onInterrupt((signal) => {
    interrupted = signal;
    stop.abort();
  });
  try {
    const following = followEvents(executions, id, { signal: stop.signal, ...(after !== undefined && { after }) });
    for await (const event of following) if (!(await printer.print([event]))) break;
  } finally {
    release();
  }
  return interrupted === undefined ? EXIT.ok : exitCodeOfSignal(interrupted);
}
