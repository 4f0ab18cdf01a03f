import type { Command } from 'commander';
import { InvalidInputError } from '../../shared/errors.ts';
import type { DeadLetterList, DeadLetters, Redriven, RedrivenRecords } from '../../shared/executor/dead-letters.ts';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { deadLetterLines } from '../dead-letter-text.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { parseCount } from '../parse-options.ts';
import { paletteFor, plural } from '../text.ts';
import { withExecutions } from '../with-executions.ts';
import { terminalColumns, writeOut } from '../write-out.ts';

interface DeadLetterCommandOptions extends ExecutionOptions {
  readonly limit: number;
  readonly pool?: string;
  readonly records?: boolean;
  readonly events?: boolean;
}

const MAX_LETTERS = 500;
const DEFAULT_LETTERS = 100;

/** Adds `fanjoin dead-letters list|redrive`. */
export function addDeadLettersCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  const deadLetters = program
    .command('dead-letters')
    .summary('list and redrive what a stack gave up')
    .description(
      'What a deployed or locally run stack gave up: work of its pools, records of its table, and events that started nothing. ' +
        'Without an endpoint there is never any.',
    );
  const limited = (command: Command) =>
    addPlaceOptions(
      command.option('-n, --limit <count>', 'at most so many of each', parseCount(MAX_LETTERS), DEFAULT_LETTERS),
    );
  limited(deadLetters.command('list'))
    .summary('list them')
    .description('Looks at what there is, and leaves it there.')
    .addHelpText('after', '\nExamples:\n  fanjoin dead-letters list --endpoint "$API"')
    .action(async (options: DeadLetterCommandOptions) => done(await list(options, io)));
  limited(
    deadLetters
      .command('redrive')
      .option('--pool <name>', 'work of this pool: back to its queue')
      .option('--records', 'records of the table: what they told is made good, as far as the stream still has them')
      .option('--events', 'events that started nothing: back to the queue of the triggers'),
  )
    .summary('try again what is there')
    .description('Tries again what was given up, once the cause is put right. What came twice is done once.')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin dead-letters redrive --pool default --endpoint "$API"\n  fanjoin dead-letters redrive --records --events --endpoint "$API"',
    )
    .action(async (options: DeadLetterCommandOptions) => done(await redrive(options, io)));
}

const NONE: DeadLetterList = { work: [], records: [], events: [] };

async function list({ limit, ...options }: DeadLetterCommandOptions, io: CommandIo): Promise<number> {
  const letters =
    (await withExecutions(placeOf(options, io), (executions) => executions.deadLetters.list({ limit }))) ?? NONE;
  if (options.json === true) {
    await writeOut(io.stdout, `${JSON.stringify(letters, null, 2)}\n`);
    return EXIT.ok;
  }
  const palette = paletteFor(io.stdout, io.env);
  const lines = deadLetterLines(letters, { palette, columns: terminalColumns(io) });
  if (lines.length === 0) io.stderr.write('There are no dead letters.\n');
  else await writeOut(io.stdout, `${lines.join('\n')}\n`);
  return EXIT.ok;
}

type Outcome = Redriven & Partial<RedrivenRecords>;

async function redrive(options: DeadLetterCommandOptions, io: CommandIo): Promise<number> {
  const asked = toAsk(options);
  if (asked.length === 0) {
    const message = 'names nothing to try again; give --pool NAME, --records or --events';
    throw new InvalidInputError('The redrive', [{ path: '', code: 'NOTHING_ASKED', message }]);
  }
  const outcomes: Record<string, Outcome> = {};
  await withExecutions(placeOf(options, io), async ({ deadLetters }) => {
    for (const [what, ask] of asked) outcomes[what] = await ask(deadLetters);
  });
  const text =
    options.json === true
      ? JSON.stringify(outcomes, null, 2)
      : asked.map(([what]) => `${what}: ${textOf(outcomes[what])}`).join('\n');
  await writeOut(io.stdout, `${text}\n`);
  return Object.values(outcomes).some(({ failed = 0 }) => failed > 0) ? EXIT.error : EXIT.ok;
}

function toAsk({ pool, records, events, limit }: DeadLetterCommandOptions) {
  type Ask = readonly [what: string, ask: (letters: DeadLetters) => Promise<Outcome>];
  const asked: Ask[] = [];
  if (pool !== undefined) asked.push([`pool ${pool}`, (letters) => letters.redrive(pool, { limit })]);
  if (records === true) asked.push(['records', (letters) => letters.redriveRecords({ limit })]);
  if (events === true) asked.push(['events', (letters) => letters.redriveEvents({ limit })]);
  return asked;
}

function textOf(
  { redriven, unreadable, executionIds, gone = 0, failed = 0 }: Outcome = { redriven: 0, unreadable: 0 },
) {
  const parts = [
    `${redriven} tried again`,
    ...(executionIds === undefined || executionIds.length === 0 ? [] : [plural(executionIds.length, 'execution')]),
    ...(gone === 0 ? [] : [`${gone} gone from the stream, and removed`]),
    ...(failed === 0 ? [] : [`${failed} failed again, and stay: see the log of the API's function`]),
    ...(unreadable === 0 ? [] : [`${unreadable} that nobody can read stay`]),
  ];
  return parts.join(', ');
}
