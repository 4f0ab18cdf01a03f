import type { Command } from 'commander';
import { toJson } from '../../shared/core/json.ts';
import { zodIssues } from '../../shared/core/zod-issues.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import type { StartOptions } from '../../shared/executor/executor-options.ts';
import type { CommandIo } from '../command-io.ts';
import { openExecutions, openExecutor, type Place, placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { type LoadedWorkflow, loadWorkflow } from '../load-workflow.ts';
import { addStartOptions, type StartingOptions } from '../options.ts';
import { parseConfig } from '../parse-config.ts';
import { readInput } from '../read-input.ts';
import { sourceTags } from '../source-tags.ts';
import { commandFor } from '../suggest.ts';
import { formatTime } from '../text.ts';

/** Adds `fanjoin start`. */
export function addStartCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addStartOptions(
    program
      .command('start')
      .argument('<path>', 'a workflow file, or a folder with workflow.ts, .js, .yaml, .yml or .json'),
  )
    .summary('start a workflow and print its execution id')
    .description(
      'Starts a workflow and prints the id of its execution at once. With --endpoint the stack runs it; ' +
        'locally it is recorded, and runs when `fanjoin resume <id>` takes it up.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: StartingOptions) => done(await start(path, options, io)));
}

const EXAMPLES = `
Examples:
  id=$(fanjoin start examples/orders --input @order.json) && fanjoin resume $id
  fanjoin start examples/orders --input @order.json --id order-1042 --endpoint https://abc123.execute-api.eu-west-1.amazonaws.com`;

async function start(path: string, options: StartingOptions, io: CommandIo): Promise<number> {
  const config = parseConfig(options.config);
  const place = placeOf(options, io);
  const isLocal = place.endpoint === undefined;
  const loaded = await loadWorkflow(path, { cwd: io.cwd, handlers: options.handlers, needsHandlers: isLocal });
  const input = await readInput(options.input, loaded.commandLine, io);
  const startOptions = {
    config,
    tags: sourceTags(loaded),
    ...(options.id !== undefined && { executionId: options.id }),
  };
  const executionId = isLocal
    ? await record(place, loaded, input, startOptions, options, io)
    : (await openExecutor(place).start(loaded.runnable, input, startOptions)).executionId;
  io.stdout.write(options.json === true ? `${JSON.stringify({ executionId })}\n` : `${executionId}\n`);
  return EXIT.ok;
}

async function record(
  place: Place,
  loaded: LoadedWorkflow,
  input: unknown,
  startOptions: StartOptions,
  options: StartingOptions,
  io: CommandIo,
): Promise<string> {
  const executions = openExecutions(place, loaded.handlers);
  try {
    const request = { definition: loaded.plan.definition, input: await checkInput(loaded, input), ...startOptions };
    const { executionId } = await executions.start(request);
    if (options.quiet !== true) {
      const { deadlineAtMs, config } = await executions.describe(executionId);
      const until = `${formatTime(deadlineAtMs, Date.now())}, when its ${config.timeoutSeconds} s are over`;
      io.stderr.write(`recorded; run it with: ${commandFor('resume', executionId, options)} (until ${until})\n`);
    }
    return executionId;
  } finally {
    await executions.close();
  }
}

/** As the executor does it: the schema's word on the input, before anything is kept. */
async function checkInput({ runnable, plan }: LoadedWorkflow, input: unknown): Promise<unknown> {
  const json = toJson(input, 'The input');
  const checked = 'definition' in runnable ? await runnable.input?.safeParseAsync(json) : undefined;
  if (checked?.success === false)
    throw new InvalidInputError(`The input of '${plan.definition.name}'`, zodIssues(checked.error));
  return checked === undefined ? json : toJson(checked.data, 'The input');
}
