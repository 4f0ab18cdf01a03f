import type { Command } from 'commander';
import { FanjoinError } from '../../shared/errors.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import type { ExecutionsPage } from '../../shared/executor/listing.ts';
import type { ExecutionStatus } from '../../shared/model/result.ts';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { listLines } from '../list-text.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { parseCount, parseSince, parseStatus } from '../parse-options.ts';
import { commandWith } from '../suggest.ts';
import { formatAge, paletteFor } from '../text.ts';
import { similarWorkflow, withExecutions } from '../with-executions.ts';
import { terminalColumns, writeOut } from '../write-out.ts';

interface ListCommandOptions extends ExecutionOptions {
  readonly workflow?: string;
  readonly status?: ExecutionStatus;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limit: number;
  readonly after?: string;
}

/** Adds `fanjoin list`. */
export function addListCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(
    program
      .command('list')
      .option('-w, --workflow <name>', 'only executions of this workflow')
      .option(
        '-s, --status <status>',
        'only those that are running, paused, succeeded, failed, timed-out or cancelled',
        parseStatus,
      )
      .option('--since <time>', 'only those that started since: 30m, 2h, 7d, or 2026-03-01T14:00', parseSince)
      .option('-n, --limit <count>', 'at most so many', parseCount(1_000), DEFAULT_LIMIT)
      .option('--after <place>', 'the next page: what the page before said'),
  )
    .summary('list executions, latest first')
    .description('Lists executions, latest start first, in pages.')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ListCommandOptions) => done(await list(options, io)));
}

const EXAMPLES = `
Examples:
  fanjoin list
  fanjoin list --status failed --since 2h
  fanjoin list --workflow order-fulfilment --limit 100 --json | jq -r '.executions[].executionId'`;

async function list(options: ListCommandOptions, io: CommandIo): Promise<number> {
  const looked = await withExecutions(placeOf(options, io), async (executions) => {
    const page = await readPage(executions, options);
    const isEmpty = page.executions.length === 0;
    return { page, hint: isEmpty && options.json !== true ? await emptyText(executions, options) : '' };
  });
  const { database } = options;
  // The default one may not be there yet; one that is named is meant.
  if (looked === undefined && database !== undefined)
    throw new FanjoinError(
      'DATABASE_NOT_FOUND',
      `There is no database '${database}'. Check the path, or make it with: ${commandWith('run', ['<path>'], options)}`,
      {
        details: { database },
      },
    );
  const { page, hint } = looked ?? { page: { executions: [] }, hint: NONE_YET };
  if (options.json === true) {
    await writeOut(io.stdout, `${JSON.stringify(page, null, 2)}\n`);
    return EXIT.ok;
  }
  const { dim } = paletteFor(io.stderr, io.env);
  if (page.executions.length === 0) {
    io.stderr.write(`${hint}\n`);
    return EXIT.ok;
  }
  const palette = paletteFor(io.stdout, io.env);
  const lines = listLines(page.executions, { palette, nowMs: Date.now(), columns: terminalColumns(io) });
  await writeOut(io.stdout, `${lines.join('\n')}\n`);
  if (page.next !== undefined) io.stderr.write(`${dim(`more: ${nextCommand(options, page.next)}`)}\n`);
  return EXIT.ok;
}

/** As many as are wanted: a page may hold fewer and there be more all the same. */
async function readPage(
  executions: Executions,
  { workflow, status, since, limit, after }: ListCommandOptions,
): Promise<ExecutionsPage> {
  const found: ExecutionsPage['executions'] = [];
  let next = after;
  do {
    const page = await executions.list({
      limit: limit - found.length,
      ...(workflow !== undefined && { workflow }),
      ...(status !== undefined && { status }),
      ...(since !== undefined && { fromMs: since }),
      ...(next !== undefined && { after: next }),
    });
    found.push(...page.executions);
    next = page.next;
  } while (next !== undefined && found.length < limit);
  return { executions: found, ...(next !== undefined && { next }) };
}

const NONE_YET = 'There are no executions here yet. Start one with: fanjoin run <path>';

async function emptyText(executions: Executions, options: ListCommandOptions): Promise<string> {
  const { workflow, status, since, after } = options;
  if (after !== undefined) return 'There are no more executions.';
  const filters = [
    ...(workflow === undefined ? [] : [`of '${workflow}'`]),
    ...(status === undefined ? [] : [`that is ${status}`]),
    ...(since === undefined ? [] : [`that started since ${formatAge(since, Date.now())}`]),
  ];
  if (filters.length === 0) return NONE_YET;
  const meant = workflow === undefined ? '' : await similarWorkflow(executions, workflow);
  return `There is no execution ${filters.join(', ')}.${meant} See all with: ${commandWith('list', [], options)}`;
}

const nextCommand = (options: ListCommandOptions, next: string): string => {
  const { workflow, status, since, limit } = options;
  return commandWith(
    'list',
    [
      ...(workflow === undefined ? [] : ['--workflow', workflow]),
      ...(status === undefined ? [] : ['--status', status]),
      ...(since === undefined ? [] : ['--since', new Date(since).toISOString()]),
      ...(limit === DEFAULT_LIMIT ? [] : ['--limit', String(limit)]),
      '--after',
      next,
    ],
    options,
  );
};

const DEFAULT_LIMIT = 20;
