import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const Package = z.object({ version: z.string() });

/** The version of a package that is installed in this folder. */
export async function installedVersion(name: string): Promise<string> {
  const file = join(import.meta.dirname, 'node_modules', name, 'package.json');
  return Package.parse(JSON.parse(await readFile(file, 'utf8'))).version;
}
