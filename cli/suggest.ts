import { DEFAULT_DATABASE, type PlaceOptions } from './connect.ts';

/** A command to type: `fanjoin resume 01M83J… --database audit.db`, with the options that lead to the same place. */
export function commandFor(verb: string, executionId: string, { database, endpoint }: PlaceOptions): string {
  const command = `fanjoin ${verb} ${executionId}`;
  if (endpoint !== undefined) return `${command} --endpoint ${quoted(endpoint)}`;
  return database === undefined || database === DEFAULT_DATABASE
    ? command
    : `${command} --database ${quoted(database)}`;
}

const quoted = (value: string): string =>
  /^[\w./:@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
