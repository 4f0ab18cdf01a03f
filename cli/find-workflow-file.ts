import { stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { shownPath } from './text.ts';
import { UsageError } from './usage-error.ts';

const MODULES = ['.ts', '.js', '.mts', '.mjs'];
const DEFINITIONS = ['.yaml', '.yml', '.json'];

/** A TypeScript or JavaScript module, as opposed to a definition in YAML or JSON. */
export const isModule = (file: string): boolean => MODULES.includes(extname(file));

/** The absolute path of the workflow file that `path` names: itself, or the `workflow.*` of a folder. @throws {UsageError} */
export async function findWorkflowFile(path: string, cwd: string): Promise<string> {
  const absolute = resolve(cwd, path);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) throw new UsageError(`There is no '${path}'. Name a workflow file, or a folder with one.`);
  if (!found.isDirectory()) {
    if ([...MODULES, ...DEFINITIONS].includes(extname(absolute))) return absolute;
    throw new UsageError(
      `'${path}' is no workflow file: its name ends in none of ${[...MODULES, ...DEFINITIONS].join(' ')}`,
    );
  }
  const candidates = await existing([...MODULES, ...DEFINITIONS].map((ending) => join(absolute, `workflow${ending}`)));
  const [only, ...others] = candidates;
  if (only === undefined) throw new UsageError(`The folder '${path}' has no workflow.ts, .js, .yaml, .yml or .json`);
  if (others.length > 0) {
    throw new UsageError(
      `The folder '${path}' has several workflows: ${candidates.map((file) => shownPath(file, cwd)).join(', ')}. Name one of them.`,
    );
  }
  return only;
}

/** The `handlers.*` beside a workflow file, if there is one. */
export async function findHandlersFile(workflowFile: string): Promise<string | undefined> {
  const [first] = await existing(MODULES.map((ending) => resolve(workflowFile, `../handlers${ending}`)));
  return first;
}

async function existing(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map((file) =>
      stat(file).then(
        (entry) => entry.isFile(),
        () => false,
      ),
    ),
  );
  return files.filter((_file, index) => found[index]);
}
