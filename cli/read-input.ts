import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { zodIssues } from '../shared/core/zod-issues.ts';
import { describeCause, FanjoinError, InvalidInputError } from '../shared/errors.ts';
import type { CommandIo } from './command-io.ts';
import { UsageError } from './usage-error.ts';
import type { CommandLine } from './workflow-module.ts';

/**
 * The input that `--input` stands for: what the workflow module makes of it, or JSON text, `@file.json`, `-` for stdin.
 * The path of a `.json` file may stand without its `@`, since it is no JSON itself. None: null.
 *
 * @throws {UsageError | InvalidInputError}
 */
export async function readInput(
  argument: string | undefined,
  { input }: CommandLine,
  io: Pick<CommandIo, 'stdin' | 'cwd'>,
): Promise<unknown> {
  if (input !== undefined) return madeByModule(input, argument);
  if (argument === undefined) return null;
  if (argument === '-') return parse(await text(io.stdin), 'stdin');
  if (argument.startsWith('@')) return parse(await read(argument.slice(1), io.cwd), argument.slice(1));
  if (argument.endsWith('.json')) return parse(await read(argument, io.cwd), argument);
  return parse(argument, '--input');
}

async function madeByModule(input: NonNullable<CommandLine['input']>, argument: string | undefined): Promise<unknown> {
  try {
    return await input(argument);
  } catch (error) {
    if (error instanceof FanjoinError) throw error;
    if (error instanceof z.ZodError) throw new InvalidInputError('The input', zodIssues(error));
    throw new UsageError(
      `The workflow cannot make its input of ${argument === undefined ? 'nothing (no --input)' : `--input '${argument}'`}: ${describeCause(error)}`,
      error,
    );
  }
}

async function read(path: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    throw new UsageError(`The input file '${path}' cannot be read: ${describeCause(error)}`, error);
  }
}

function parse(json: string, from: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const hint = from === '--input' ? ` Give JSON, @file.json, or - for stdin.` : '';
    throw new UsageError(`The input from ${from} is no JSON: ${describeCause(error)}.${hint}`, error);
  }
}
