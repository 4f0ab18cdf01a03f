import type { Command } from 'commander';
import * as z from 'zod';
import { parseInput } from '../../shared/core/parse-input.ts';
import { matchesTrigger } from '../../shared/core/trigger-match.ts';
import { type TriggerEvent, type TriggeredStart, toTriggeredStart } from '../../shared/core/trigger-start.ts';
import { describeCause, FanjoinError } from '../../shared/errors.ts';
import { triggerTags } from '../../shared/executor/trigger-starter.ts';
import { Json } from '../../shared/model/json.ts';
import type { Trigger } from '../../shared/model/trigger.ts';
import type { CommandIo } from '../command-io.ts';
import { openExecutions, placeOf } from '../connect.ts';
import { EXIT } from '../exit-code.ts';
import { type LoadedWorkflow, loadWorkflow } from '../load-workflow.ts';
import { addPlaceOptions, type ExecutionOptions } from '../options.ts';
import { readInput } from '../read-input.ts';
import { commandFor } from '../suggest.ts';
import { type Palette, paletteFor, shownPath } from '../text.ts';
import { UsageError } from '../usage-error.ts';
import { writeOut } from '../write-out.ts';

interface TriggerCommandOptions extends ExecutionOptions {
  readonly event: string;
  readonly start?: boolean;
}

/** Adds `fanjoin trigger`. */
export function addTriggerCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addPlaceOptions(
    program
      .command('trigger')
      .argument('<path>', 'a workflow file with triggers, or a folder with one')
      .requiredOption('--event <value>', 'the event as its source sends it: JSON text, @file.json, or - for stdin')
      .option('--start', 'start what the event asks for, here or on the stack'),
  )
    .summary('what an event would start')
    .description(
      'Shows which triggers of a workflow an event matches, the input it would make, and the id of the execution. Nothing is ' +
        'started without --start. Which bus, bucket or queue it comes by is not looked at. Exits with 2 if no trigger matches.',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: TriggerCommandOptions) => done(await trigger(path, options, io)));
}

const EXAMPLES = `
Examples:
  fanjoin trigger orders.yaml --event @event.json
  fanjoin trigger orders.yaml --event '{"scheduledTime":"2026-03-29T00:30:00Z"}' --json
  fanjoin trigger orders.yaml --event @event.json --start`;

/** What an event means for one trigger. */
type Trial = { readonly trigger: Trigger } & (
  | { readonly matches: false }
  | { readonly matches: true; readonly start: TriggeredStart }
  | { readonly matches: true; readonly error: unknown }
);

async function trigger(path: string, options: TriggerCommandOptions, io: CommandIo): Promise<number> {
  const loaded = await loadWorkflow(path, { cwd: io.cwd, needsHandlers: false });
  const { definition } = loaded.plan;
  const { triggers = [] } = definition;
  if (triggers.length === 0)
    throw new UsageError(`${shownPath(loaded.file, io.cwd)} has no triggers; an event cannot start it`);
  const event = parseInput(z.record(z.string(), Json), await readInput(options.event, {}, io), 'The event');
  const trials = await Promise.all(triggers.map((one) => tryOn(one, definition.name, event)));
  const started = options.start === true ? await startAll(loaded, trials, options, io) : [];
  const text =
    options.json === true
      ? JSON.stringify({ workflow: definition.name, triggers: trials.map(toJsonTrial), started }, null, 2)
      : trials.flatMap((trial) => linesOf(trial, paletteFor(io.stdout, io.env))).join('\n');
  await writeOut(io.stdout, `${text}\n`);
  if (options.json !== true && options.endpoint === undefined)
    for (const id of started) io.stderr.write(`recorded; run it with: ${commandFor('resume', id, options)}\n`);
  const isClean = trials.some(({ matches }) => matches) && !trials.some((trial) => 'error' in trial);
  return isClean ? EXIT.ok : EXIT.invalid;
}

async function tryOn(one: Trigger, workflow: string, event: TriggerEvent): Promise<Trial> {
  if (!matchesTrigger(one, event)) return { trigger: one, matches: false };
  try {
    return { trigger: one, matches: true, start: await toTriggeredStart(workflow, one, event) };
  } catch (error) {
    if (error instanceof FanjoinError) return { trigger: one, matches: true, error };
    throw error;
  }
}

async function startAll(
  { plan: { definition } }: LoadedWorkflow,
  trials: readonly Trial[],
  options: TriggerCommandOptions,
  io: CommandIo,
): Promise<string[]> {
  const executions = openExecutions(placeOf(options, io));
  try {
    const started: string[] = [];
    for (const trial of trials) {
      if (!('start' in trial)) continue;
      const { input, key, executionId } = trial.start;
      await executions.start({ definition, input, executionId, tags: triggerTags(trial.trigger.id, key) });
      started.push(executionId);
    }
    return started;
  } finally {
    await executions.close();
  }
}

function toJsonTrial(trial: Trial) {
  const { id, type } = trial.trigger;
  const common = { trigger: id, type, matches: trial.matches };
  if ('start' in trial) return { ...common, ...trial.start };
  return 'error' in trial ? { ...common, error: describeCause(trial.error) } : common;
}

function linesOf(trial: Trial, { good, bad, dim }: Palette): string[] {
  const { id, type } = trial.trigger;
  if ('error' in trial)
    return [`${bad('✗')} ${id} (${type}) matches, and starts nothing: ${describeCause(trial.error)}`];
  if (!('start' in trial)) return [dim(`- ${id} (${type}) does not match`)];
  const { executionId, key, input } = trial.start;
  return [
    `${good('✓')} ${id} (${type}) matches`,
    `    execution  ${executionId}  ${dim(`the same for every event with the key ${JSON.stringify(key)}`)}`,
    `    input      ${JSON.stringify(input)}`,
  ];
}
