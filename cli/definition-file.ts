import { readFile } from 'node:fs/promises';
import { describeCause } from '../shared/errors.ts';
import { type DefinitionFile, parseDefinitionFile } from '../shared/nodes/definition-file.ts';
import { UsageError } from './usage-error.ts';

/** Reads a definition in YAML or JSON. @throws {UsageError | DefinitionFileError} */
export async function readDefinitionFile(file: string, shownAs = file): Promise<DefinitionFile> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`The workflow file '${shownAs}' cannot be read: ${describeCause(error)}`, error);
  });
  return parseDefinitionFile(text, shownAs);
}
