import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishedManifest } from './published-manifest.ts';

/**
 * `prepack` and `postpack` of npm: between them package.json is that of the package. npm has no field for what is otherwise
 * there (`publishConfig.exports` is pnpm's). Where packing was broken off, the next one puts the repository's back first.
 */
const MANIFEST = join(import.meta.dirname, '../../package.json');
const KEPT = join(import.meta.dirname, '../../.package.json.kept');

const putBack = (): Promise<void> =>
  rename(KEPT, MANIFEST).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });

const [step] = process.argv.slice(2);
await putBack();
if (step === 'before') {
  const manifest: unknown = JSON.parse(await readFile(MANIFEST, 'utf8'));
  await copyFile(MANIFEST, KEPT);
  await writeFile(MANIFEST, `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
}
