import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { parseCount } from '../parse-options.ts';
import { paletteFor } from '../text.ts';
import { readTimeline, type Timeline } from '../timeline/read-timeline.ts';
import { decodePlace } from '../timeline/row-place.ts';
import { pageHint, timelineLines } from '../timeline/timeline-text.ts';
import { UsageError } from '../usage-error.ts';
import { withExecution } from '../with-executions.ts';
import { terminalColumns, writeOut } from '../write-out.ts';

interface TimelineCommandOptions extends ExecutionOptions {
  readonly run?: number;
  readonly limit?: number;
  readonly after?: string;
  readonly width?: number;
}

/** Rows of one page where no terminal says how many fit. */
const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 10_000;
const MIN_LIMIT = 5;
/** Lines beside the rows: the head, the axis, the legend, the path, the hint, and the prompt that follows. */
const OTHER_LINES = 9;
const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 40;
const MAX_WIDTH = 1_000;

/** Adds `fanjoin timeline`. */
export function addTimelineCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(
    program
      .command('timeline')
      .argument('<id>', 'an execution id')
      .option(
        '-n, --limit <count>',
        'rows of one page (default: what fits on the terminal, else 200)',
        parseCount(MAX_LIMIT),
      )
      .option('--after <place>', 'the next page: what the page before said')
      .option(
        '--run <number>',
        'of an execution that was redriven, an earlier run',
        parseCount(Number.MAX_SAFE_INTEGER),
      )
      .option('--width <columns>', "of the chart (default: the terminal's, else 80)", parseCount(MAX_WIDTH)),
  )
    .summary('show where the time of an execution went')
    .description(
      'Draws an execution as a Gantt chart, a row for each visit of a node in the order of their dispatch: when it was ' +
        'queued, ran, and waited to be tried again, and which nodes were the critical path, that is, what determined when it ' +
        'ended.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: TimelineCommandOptions) => done(await timeline(id, options, io)));
}

const EXAMPLES = `
Examples:
  fanjoin timeline order-1042
  fanjoin timeline order-1042 --limit 50 --width 120
  fanjoin timeline order-1042 --json | jq '.rows[] | select(.attempts > 1)'`;

async function timeline(id: string, options: TimelineCommandOptions, io: CommandIo): Promise<number> {
  const { limit = defaultLimit(io), json = false } = options;
  const after = options.after === undefined ? undefined : decodePlace(options.after);
  if (options.after !== undefined && after === undefined)
    throw new UsageError(`--after takes what the page before said, not '${options.after}'`);
  const { description, run, read, nowMs } = await withExecution(
    placeOf(options, io),
    id,
    options,
    async (executions) => {
      const found = await executions.describe(id);
      const { run: wanted = found.run } = options;
      if (wanted > found.run) throw new UsageError(`'${id}' has no run ${wanted}: its latest is run ${found.run}`);
      const asOfMs = Date.now();
      const page = await readTimeline(executions, found, { run: wanted, limit, after, nowMs: asOfMs });
      return { description: found, run: wanted, read: page, nowMs: asOfMs };
    },
  );
  if (json) {
    const { executionId, workflow, status, startedAtMs, endedAtMs } = description;
    const head = { executionId, workflow, status, run, startedAtMs, endedAtMs };
    await writeOut(io.stdout, `${JSON.stringify({ ...head, ...asJson(read) }, null, 2)}\n`);
    return EXIT.ok;
  }
  const width = Math.max(MIN_WIDTH, options.width ?? (terminalColumns(io) ?? DEFAULT_WIDTH + 1) - 1);
  const palette = paletteFor(io.stdout, io.env);
  const lines = timelineLines(description, read, { palette, width, nowMs, run });
  await writeOut(io.stdout, `${lines.join('\n')}\n`);
  const hint = pageHint(read, id, { place: options, options: repeatedOptions(options) });
  if (hint !== undefined) io.stderr.write(`${paletteFor(io.stderr, io.env).dim(hint)}\n`);
  return EXIT.ok;
}

function defaultLimit({ stdout }: CommandIo): number {
  if (stdout.isTTY !== true || stdout.rows === undefined) return DEFAULT_LIMIT;
  return Math.max(MIN_LIMIT, stdout.rows - OTHER_LINES);
}

const repeatedOptions = ({ run, limit, width }: TimelineCommandOptions): string[] =>
  Object.entries({ run, limit, width }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );

/** With what the chart shows by its marks. */
function asJson({ rows, criticalPath, ...page }: Timeline): object {
  const critical = new Set(criticalPath?.nodes);
  return {
    ...page,
    criticalPath,
    rows: rows.map((row) => ({ ...row, isCritical: critical.has(row.nodeId) && !row.isLate })),
  };
}
