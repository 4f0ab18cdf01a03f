import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Definition } from '../shared/model/definition.ts';

/** Writes what of `docs/` follows from the code; with `--check`, fails if it does not agree with it. */
const generated: Readonly<Record<string, string>> = {
  'definition.schema.json': `${JSON.stringify(
    {
      $id: 'urn:fanjoin:definition:1',
      title: 'A fanjoin workflow definition',
      ...z.toJSONSchema(Definition, { io: 'input', unrepresentable: 'any' }),
    },
    null,
    2,
  )}\n`,
};

const isCheck = process.argv.includes('--check');
for (const [name, text] of Object.entries(generated)) {
  const path = join(import.meta.dirname, name);
  if (!isCheck) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/${name} does not agree with the code. Run: npm run docs`);
    process.exitCode = 1;
  }
}
