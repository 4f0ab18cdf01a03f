import { resolve } from 'node:path';
import { describeCause } from '../shared/errors.ts';
import { UsageError } from './usage-error.ts';

/** Sets the variables of a file in this process, before anything of it runs; those that are set stay. @throws {UsageError} */
export function loadSecrets(file: string | undefined, cwd: string): void {
  if (file === undefined) return;
  try {
    process.loadEnvFile(resolve(cwd, file));
  } catch (error) {
    throw new UsageError(`The secrets in '${file}' cannot be read: ${describeCause(error)}`, error);
  }
}
