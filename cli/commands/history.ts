import type { Command } from 'commander';
import type { Executions } from '../../shared/executor/executions.ts';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EventPrinter } from '../event-printer.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { parseCount } from '../parse-options.ts';
import { commandFor } from '../suggest.ts';
import { paletteFor } from '../text.ts';
import { withExecution } from '../with-executions.ts';

export interface HistoryCommandOptions extends ExecutionOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** Events read at once. */
const PAGE = 1_000;

/** Adds `fanjoin history`. */
export function addHistoryCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(
    program
      .command('history')
      .argument('<id>', 'an execution id')
      .option('-n, --limit <count>', 'at most so many events (default: all)', parseCount(Number.MAX_SAFE_INTEGER))
      .option('--after <position>', "only what came after: the 'position' of an event"),
  )
    .summary('print what happened in an execution')
    .description(
      'Prints what happened in an execution, an event on each line, its time counted from the start. With --json each line ' +
        'is a JSON object.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: HistoryCommandOptions) => done(await history(id, options, io)));
}

const EXAMPLES = `
Examples:
  fanjoin history order-1042
  fanjoin history order-1042 --json | jq 'select(.type == "NodeFailed")'`;

async function history(id: string, options: HistoryCommandOptions, io: CommandIo): Promise<number> {
  const { dim } = paletteFor(io.stderr, io.env);
  const hint = await withExecution(placeOf(options, io), id, options, (executions) =>
    printHistory(executions, id, options, io),
  );
  if (hint !== undefined && options.json !== true) io.stderr.write(`${dim(hint)}\n`);
  return EXIT.ok;
}

/** Prints events page by page, none of which is kept. Gives what else there is to see, if anything. */
export async function printHistory(
  executions: Executions,
  id: string,
  options: HistoryCommandOptions,
  io: CommandIo,
): Promise<string | undefined> {
  const startedAtMs = await startOf(executions, id, options.after);
  const printer = new EventPrinter(io, { startedAtMs, json: options.json === true });
  let { after, limit: left = Number.POSITIVE_INFINITY } = options;
  for (;;) {
    const page = await executions.history(id, { limit: Math.min(left, PAGE), ...(after !== undefined && { after }) });
    if (!(await printer.print(page.events))) return undefined;
    left -= page.events.length;
    if (page.next === undefined)
      return page.isOver ? undefined : `so far; go on with: ${commandFor('events', id, options, ['--follow'])}`;
    after = page.next;
    if (left > 0) continue;
    const limit = options.limit === undefined ? [] : ['--limit', String(options.limit)];
    return `more: ${commandFor('history', id, options, [...limit, '--after', after])}`;
  }
}

/** When an execution started, of which the first event printed is not the first there is; else that one tells. */
export async function startOf(
  executions: Executions,
  id: string,
  after: string | undefined,
): Promise<number | undefined> {
  if (after === undefined) return undefined;
  const { events } = await executions.history(id, { limit: 1 });
  return events[0]?.atMs;
}
