import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type CommandIo, processIo } from './command-io.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addCheckpointCommand } from './commands/checkpoint.ts';
import { addDeadLettersCommand } from './commands/dead-letters.ts';
import { addDescribeCommand } from './commands/describe.ts';
import { addEventsCommand } from './commands/events.ts';
import { addGraphCommand } from './commands/graph.ts';
import { addHistoryCommand } from './commands/history.ts';
import { addListCommand } from './commands/list.ts';
import { addMetricsCommand } from './commands/metrics.ts';
import { addPauseCommand } from './commands/pause.ts';
import { addRedriveCommand } from './commands/redrive.ts';
import { addResumeCommand } from './commands/resume.ts';
import { addRunCommand } from './commands/run.ts';
import { addStartCommand } from './commands/start.ts';
import { addTimelineCommand } from './commands/timeline.ts';
import { addTriggerCommand } from './commands/trigger.ts';
import { addValidateCommand } from './commands/validate.ts';
import { EXIT } from './exit-code.ts';
import { reportError } from './report-error.ts';

const AFTER_HELP = `
Exit codes:
  0    done; of run and resume: the execution succeeded, or is paused
  1    the execution failed, timed out or was cancelled
  2    what was asked is not valid: options, files, workflow, input, or the state the execution is in
  3    there is no such execution or checkpoint
  4    anything else: database in use, disk full, endpoint unreachable
  130  Ctrl-C; the execution is kept, and fanjoin resume goes on (143 after SIGTERM)

Output goes to stdout, progress and errors to stderr. NO_COLOR turns colours off.

Examples:
  fanjoin run examples/audit                     run a workflow, keep its execution in .fanjoin/fanjoin.db
  fanjoin run examples/orders --input @order.json --json
  fanjoin resume                                 go on after a crash
  fanjoin list --status failed                   what there is, latest first
  fanjoin timeline 01M83J1CWCKJQKQWSQAWE9J523    where the time of an execution went
  fanjoin validate examples/orders
  fanjoin graph examples/orders                  draw it with Mermaid`;

/**
 * Runs one `fanjoin` command.
 *
 * @param argv what follows the program's name
 * @param io default: this process's own streams and signals
 * @returns the exit code; nothing is thrown, every error is reported on stderr
 */
export async function runCli(argv: readonly string[], io: CommandIo = processIo()): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = await buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error, io, { json: argv.includes('--json'), verbose: argv.includes('--verbose') });
  }
}

async function buildProgram(io: CommandIo, done: (exitCode: number) => void): Promise<Command> {
  const program = new Command('fanjoin')
    .description('Runs workflows: graphs of nodes with retries, pauses and partial results, on this machine or on AWS.')
    .version(await loadVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .commandsGroup('Help:')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  // Subcommands take over the settings above when they are made, so these come first.
  for (const [group, commands] of GROUPS) {
    program.commandsGroup(group);
    for (const add of commands) add(program, io, done);
  }
  return program;
}

const GROUPS = [
  ['Run:', [addRunCommand, addStartCommand, addResumeCommand, addRedriveCommand, addPauseCommand, addCancelCommand]],
  [
    'Look:',
    [
      addListCommand,
      addDescribeCommand,
      addTimelineCommand,
      addHistoryCommand,
      addEventsCommand,
      addMetricsCommand,
      addCheckpointCommand,
      addDeadLettersCommand,
    ],
  ],
  ['Definitions:', [addValidateCommand, addGraphCommand, addTriggerCommand]],
] as const;

async function loadVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL(import.meta.resolve('fanjoin/package.json')), 'utf8'));
  return String(version);
}
