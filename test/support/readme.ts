import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files that the README shows, by their names: what somebody would write who follows it. */
export async function readmeFiles(): Promise<Readonly<Record<string, string>>> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const found = [...readme.matchAll(/```(?:ts|yaml)\n(?:\/\/|#) (\S+)\n([\s\S]*?)```/g)];
  return Object.fromEntries(found.map(([, name = '', text = '']) => [name, text]));
}
