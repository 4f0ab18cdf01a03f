import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { metricsLines } from '../metrics-text.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { parseCount, parseSince } from '../parse-options.ts';
import { commandFor } from '../suggest.ts';
import { formatAge, formatCount, paletteFor, plural } from '../text.ts';
import { similarWorkflow, withExecutions } from '../with-executions.ts';
import { terminalColumns, writeOut } from '../write-out.ts';

interface MetricsCommandOptions extends ExecutionOptions {
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 20;
/** Nodes of one workflow. */
const MAX_LIMIT = 100_000;

/** Adds `fanjoin metrics`. */
export function addMetricsCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(
    program
      .command('metrics')
      .argument('<workflow>', "a workflow's name")
      .option('--since <time>', 'only what ended since: 30m, 2h, 7d, or 2026-03-01T14:00, by whole minutes', parseSince)
      .option('-n, --limit <count>', 'nodes shown', parseCount(MAX_LIMIT), DEFAULT_LIMIT),
  )
    .summary('show how often a workflow succeeds and how long it takes')
    .description(
      'Shows how many executions of a workflow have ended and how, how long they took, and its nodes by the time they took ' +
        'in all, waits between attempts left out. p50 and p95 are within 2 %. A stack counts a minute once it is over.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin metrics order-fulfilment\n  fanjoin metrics order-fulfilment --since 24h --json | jq .executionTimes.p95Ms',
    )
    .action(async (workflow: string, options: MetricsCommandOptions) => done(await metrics(workflow, options, io)));
}

async function metrics(workflow: string, options: MetricsCommandOptions, io: CommandIo): Promise<number> {
  const { since, limit, json = false } = options;
  const found = await withExecutions(placeOf(options, io), async (executions) => {
    const counted = await executions.metrics(workflow, since === undefined ? {} : { fromMs: since });
    return { counted, meant: counted.totalExecutions === 0 ? await similarWorkflow(executions, workflow) : '' };
  });
  const { counted, meant } = found ?? { counted: { ...NOTHING, workflow }, meant: '' };
  if (json) {
    await writeOut(io.stdout, `${JSON.stringify(counted, null, 2)}\n`);
    return EXIT.ok;
  }
  if (counted.totalExecutions === 0) {
    const when = since === undefined ? 'yet' : `since ${formatAge(since, Date.now())}`;
    const later = options.endpoint === undefined ? '' : ' A stack counts a minute once it is over.';
    io.stderr.write(`No execution of '${workflow}' has ended ${when}.${later}${meant}\n`);
    return EXIT.ok;
  }
  const lines = metricsLines(counted, { palette: paletteFor(io.stdout, io.env), limit, columns: terminalColumns(io) });
  await writeOut(io.stdout, `${lines.join('\n')}\n`);
  const nodes = Object.keys(counted.nodeExecutionTimes).length;
  if (nodes > limit) {
    const all = commandFor('metrics', workflow, options, ['--limit', String(nodes)]);
    const { dim } = paletteFor(io.stderr, io.env);
    io.stderr.write(`${dim(`${formatCount(limit)} of ${plural(nodes, 'node')}; all: ${all}`)}\n`);
  }
  return EXIT.ok;
}

const NOTHING = {
  totalExecutions: 0,
  successfulExecutions: 0,
  failedExecutions: 0,
  averageDurationMs: 0,
  nodeExecutionTimes: {},
};
