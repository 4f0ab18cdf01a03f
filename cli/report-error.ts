import { CommanderError } from 'commander';
import { FanjoinError, type Issue } from '../shared/errors.ts';
import type { CommandIo } from './command-io.ts';
import { EXIT, exitCodeOfError } from './exit-code.ts';
import { paletteFor } from './text.ts';

/** How errors are shown. */
export interface ErrorStyle {
  /** Also as JSON on stdout. */
  readonly json: boolean;
  /** With stacks and causes. */
  readonly verbose: boolean;
}

/** Says on stderr (and, if asked, as JSON on stdout) what went wrong; gives the exit code. */
export function reportError(error: unknown, io: CommandIo, { json, verbose }: ErrorStyle): number {
  // Help and version came as asked; commander has printed its own errors already.
  const isCommanders = error instanceof CommanderError;
  if (isCommanders && error.exitCode === 0) return EXIT.ok;
  const code = isCommanders ? 'USAGE' : codeOf(error);
  const message = messageOf(error);
  if (json) {
    const issues = issuesOf(error);
    const body = { code, message, ...(issues !== undefined && { issues }) };
    io.stdout.write(`${JSON.stringify({ error: body }, null, 2)}\n`);
  }
  if (!isCommanders) {
    const { bad, dim } = paletteFor(io.stderr, io.env);
    const isBug = !(error instanceof FanjoinError);
    io.stderr.write(`${bad('error:')} ${message}\n`);
    if (verbose) io.stderr.write(`${dim(stackOf(error))}\n`);
    else if (isBug) io.stderr.write(`${dim('--verbose shows where it comes from.')}\n`);
  }
  return isCommanders ? EXIT.invalid : exitCodeOfError(error);
}

const codeOf = (error: unknown): string => (error instanceof FanjoinError ? error.code : 'INTERNAL');

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Commander's begin with `error: `, which stands before every message already.
  if (error instanceof FanjoinError || error instanceof CommanderError) return error.message.replace(/^error: /, '');
  return `${error.name}: ${error.message}`;
}

function issuesOf(error: unknown): readonly Issue[] | undefined {
  return error instanceof FanjoinError && 'issues' in error && Array.isArray(error.issues) ? error.issues : undefined;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const stack = error.stack ?? '';
  return error.cause === undefined
    ? stack
    : `${stack}\ncaused by ${error.cause instanceof Error ? stackOf(error.cause) : String(error.cause)}`;
}
