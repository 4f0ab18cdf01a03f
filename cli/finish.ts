import type { Plan } from '../shared/core/plan.ts';
import type { ExecutionDescription } from '../shared/executor/description.ts';
import type { ExecutionResult } from '../shared/executor/execution-result.ts';
import type { CommandIo } from './command-io.ts';
import type { PlaceOptions } from './connect.ts';
import { exitCodeOfStatus } from './exit-code.ts';
import { summaryLines } from './summary.ts';
import { paletteFor } from './text.ts';
import type { CommandLine } from './workflow-module.ts';

export interface FinishOptions {
  readonly io: CommandIo;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly plan: Plan | undefined;
  readonly commandLine: CommandLine;
  /** Lead to the execution again. */
  readonly options: PlaceOptions;
}

/** Puts the output on stdout and the summary on stderr; gives the exit code. */
export function finish(result: ExecutionResult, description: ExecutionDescription, options: FinishOptions): number {
  const { io, json, quiet, plan, commandLine, options: place } = options;
  if (json) io.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else if (result.status === 'SUCCEEDED') io.stdout.write(outputText(result.output, commandLine));
  if (!quiet) {
    const lines = summaryLines(description, { palette: paletteFor(io.stderr, io.env), nowMs: Date.now(), plan, place });
    io.stderr.write(`${lines.join('\n')}\n`);
  }
  return exitCodeOfStatus(result.status);
}

function outputText(output: unknown, { print }: CommandLine): string {
  const text = print === undefined ? JSON.stringify(output, null, 2) : print(output);
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
