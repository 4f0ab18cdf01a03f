import { DEFAULT_DATABASE, type PlaceOptions } from './connect.ts';

/** A command to type: `fanjoin resume 01M83J… --database audit.db`, with the options that lead to the same place. */
export const commandFor = (verb: string, id: string, place: PlaceOptions, more: readonly string[] = []): string =>
  commandWith(`${verb} ${id}`, more, place);

/** The same of a command that takes no id: `fanjoin list --status FAILED`. */
export function commandWith(
  verb: string,
  options: readonly string[],
  { database = DEFAULT_DATABASE, endpoint }: PlaceOptions,
): string {
  const place =
    endpoint !== undefined ? ['--endpoint', endpoint] : database === DEFAULT_DATABASE ? [] : ['--database', database];
  return ['fanjoin', verb, ...[...options, ...place].map(quoted)].join(' ');
}

const quoted = (value: string): string =>
  /^[\w./:@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
