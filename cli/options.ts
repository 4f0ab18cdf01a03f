import { type Command, InvalidArgumentError, Option } from 'commander';
import { ExecutionId } from '../shared/model/ids.ts';
import { DEFAULT_DATABASE, type PlaceOptions } from './connect.ts';
import type { ErrorStyle } from './report-error.ts';

/** What every command takes. */
export type CommonOptions = Partial<ErrorStyle>;

/** Of commands that look at executions. */
export interface ExecutionOptions extends PlaceOptions, CommonOptions {}

/** Of commands that start or follow one. */
export interface FollowingOptions extends ExecutionOptions {
  readonly handlers?: string;
  readonly progress: boolean;
  readonly pool?: readonly string[];
  readonly secrets?: string;
  readonly quiet?: boolean;
}

export interface StartingOptions extends ExecutionOptions {
  readonly input?: string;
  readonly handlers?: string;
  readonly config?: readonly string[];
  readonly id?: string;
  readonly quiet?: boolean;
}

export const addCommonOptions = (command: Command): Command =>
  command
    .option('--json', 'print the result, or the error, as JSON on stdout')
    .option('--verbose', 'show where an error comes from');

export const addPlaceOptions = (command: Command): Command =>
  addCommonOptions(
    command
      .addOption(
        new Option('-d, --database <file>', `the local database (default: ${DEFAULT_DATABASE})`).conflicts('endpoint'),
      )
      .option('-e, --endpoint <url>', 'the API of a deployed or locally run stack, instead of a local database'),
  );

export const addStartOptions = (command: Command): Command =>
  addPlaceOptions(
    command
      .option('-i, --input <value>', 'what the workflow makes its input of; else JSON text, @file.json, or - for stdin')
      .option('-c, --config <key=value>', 'how the execution runs, e.g. maxParallelNodes=4 (repeatable)', collect)
      .option(
        '--id <executionId>',
        'repeated with the same id, workflow and input, it finds the same execution',
        parseId,
      )
      .option('--handlers <file>', 'handlers of a YAML or JSON workflow (default: the handlers.ts or .js beside it)')
      .option('-q, --quiet', 'nothing on stderr but errors'),
  );

/** Of commands that run nodes in this process. */
export const addFollowOptions = (command: Command): Command =>
  command
    .option('--pool <name=size>', 'how many nodes of a pool run at once (repeatable; default: 10 of each)', collect)
    .addOption(
      new Option(
        '--secrets <file>',
        'a .env file with lines of FANJOIN_SECRET_<NAME>=…; variables that are set already stay',
      ).conflicts('endpoint'),
    )
    .option('--no-progress', 'only the first and the last line on stderr');

export const addTakeUpOptions = (command: Command): Command =>
  addFollowOptions(
    addPlaceOptions(
      command
        .option('--workflow <path>', 'the workflow file, if it is no longer where the execution was started from')
        .option('--handlers <file>', 'the handlers of a YAML or JSON workflow, likewise')
        .option('-q, --quiet', 'nothing on stderr but errors'),
    ),
  );

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

function parseId(value: string): string {
  const parsed = ExecutionId.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError('An execution id has 1 to 80 letters, digits, - and _.');
  return parsed.data;
}
