import type { Json } from '../shared/model/json.ts';

/**
 * What a workflow module may export as `commandLine`: how `fanjoin run` makes its input and shows its output.
 *
 * @example
 * export const commandLine = {
 *   input: async (path = 'package-lock.json') => ({ text: await readFile(path, 'utf8') }),
 *   print: ({ markdown }) => markdown,
 * } satisfies CommandLine<{ text: string }, { markdown: string }>;
 */
export interface CommandLine<Input = Json, Output = unknown> {
  /** @param argument the value of `--input`, if it was given. Default: it is JSON, or `@file` with JSON. */
  input?(argument: string | undefined): Promise<Input> | Input;
  /** What stands on stdout after a success. Default: the output as JSON. */
  print?(output: Output): string;
}
