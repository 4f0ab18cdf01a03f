import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { openExecutor, placeOf } from '../connect.ts';
import { NOTHING_BEFORE } from '../follow.ts';
import { loadSecrets } from '../load-secrets.ts';
import { loadWorkflow } from '../load-workflow.ts';
import { addFollowOptions, addStartOptions, type FollowingOptions, type StartingOptions } from '../options.ts';
import { parseConfig } from '../parse-config.ts';
import { poolsOf } from '../pools.ts';
import { readInput } from '../read-input.ts';
import { runToEnd } from '../run-to-end.ts';
import { sourceTags } from '../source-tags.ts';
import { commandFor } from '../suggest.ts';
import { paletteFor } from '../text.ts';

type RunOptions = StartingOptions & FollowingOptions;

/** Adds `fanjoin run`. */
export function addRunCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addFollowOptions(
    addStartOptions(
      program
        .command('run')
        .argument('<path>', 'a workflow file, or a folder with workflow.ts, .js, .yaml, .yml or .json'),
    ),
  )
    .summary('run a workflow to its end and print its output')
    .description(
      'Runs a workflow to its end, shows its progress on stderr and prints its output on stdout. ' +
        'Every finished node is kept in the database: after a crash or Ctrl-C, `fanjoin resume` goes on.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: RunOptions) => done(await run(path, options, io)));
}

const EXAMPLES = `
Examples:
  fanjoin run examples/audit
  fanjoin run examples/audit --input ../shop/package-lock.json > audit.md
  fanjoin run examples/orders --input @order.json --config maxParallelNodes=4
  cat order.json | fanjoin run examples/orders --input - --json | jq .output
  fanjoin run examples/orders --input @order.json --secrets .env
  fanjoin run examples/poll --endpoint https://abc123.execute-api.eu-west-1.amazonaws.com`;

async function run(path: string, options: RunOptions, io: CommandIo): Promise<number> {
  const config = parseConfig(options.config);
  const place = placeOf(options, io);
  loadSecrets(options.secrets, io.cwd);
  const loaded = await loadWorkflow(path, {
    cwd: io.cwd,
    handlers: options.handlers,
    needsHandlers: place.endpoint === undefined,
  });
  const { runnable, handlers, plan, commandLine } = loaded;
  const pools = poolsOf(plan, options.pool);
  const input = await readInput(options.input, commandLine, io);
  await using executor = openExecutor(place, { handlers, pools });
  const handle = await executor.start(runnable, input, {
    config,
    tags: sourceTags(loaded),
    ...(options.id !== undefined && { executionId: options.id }),
  });
  if (options.quiet !== true) announce(plan.definition.name, handle.executionId, options, io);
  return await runToEnd(handle, { io, options, plan, commandLine, before: NOTHING_BEFORE() });
}

function announce(workflow: string, id: string, options: RunOptions, io: CommandIo): void {
  const { bold, dim } = paletteFor(io.stderr, io.env);
  io.stderr.write(`${bold(workflow)} ${id} ${dim(`· ${commandFor('describe|cancel|resume', '<id>', options)}`)}\n`);
}
