import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { Token } from 'aws-cdk-lib';
import * as z from 'zod';
import { FanjoinError } from '../../shared/errors.ts';
import { HandlerType } from '../../shared/model/ids.ts';

const LOAD_TIMEOUT_MS = 30_000;

/** Says on a channel of its own what the module exports: handlers may print, and leave timers and connections behind. */
const SCRIPT = `
const { writeSync } = await import('node:fs');
const { handlers } = await import(process.argv[1]);
const told = Array.isArray(handlers)
  ? [...new Set(handlers)].map((one) => typeof one?.execute === 'function' ? String(one.type) : null)
  : 'none';
writeSync(3, JSON.stringify(told));
process.exit(0);
`;

const Told = z.union([z.literal('none'), z.array(HandlerType.nullable())]);

/**
 * Loads a bundle of handlers in a process of its own, as the node runner will, and gives the types it has.
 *
 * @param file the bundle; its folder has all it imports
 * @throws {FanjoinError} `HANDLERS_NOT_LOADED`, naming the file it was made of
 */
export function handlerTypesIn(
  file: string,
  { handlersEntry, environment }: { handlersEntry: string; environment: Readonly<Record<string, string>> },
): readonly string[] {
  // What is known only at the deployment stands for itself.
  const variables = Object.entries(environment).map(([name, value]) => [
    name,
    Token.isUnresolved(value) ? name : value,
  ]);
  const { status, stderr, output, error } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', SCRIPT, pathToFileURL(file).href],
    {
      env: { ...process.env, ...Object.fromEntries(variables) },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      timeout: LOAD_TIMEOUT_MS,
    },
  );
  if (error !== undefined || status !== 0)
    throw notLoaded(handlersEntry, error?.message ?? (stderr.trim() === '' ? `exit code ${status}` : stderr.trim()));
  const told = Told.safeParse(JSON.parse(output.at(3) ?? 'null'));
  if (!told.success || told.data === 'none' || told.data.includes(null))
    throw notLoaded(
      handlersEntry,
      "it must export 'handlers', an array of what defineNode({ type, execute }) gives: export const handlers = [greet, shout];",
    );
  const types = told.data.filter((type) => type !== null);
  const repeated = types.find((type, index) => types.indexOf(type) !== index);
  if (repeated !== undefined) throw notLoaded(handlersEntry, `two of its handlers have the type '${repeated}'`);
  return types;
}

const notLoaded = (handlersEntry: string, why: string): FanjoinError =>
  new FanjoinError('HANDLERS_NOT_LOADED', `The handlers' file '${handlersEntry}' does not load: ${why}`);
