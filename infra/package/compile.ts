import { spawnSync } from 'node:child_process';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { publishedManifest } from './published-manifest.ts';

/** `npm run build`: JavaScript and types of what the package holds, in `dist/`. */
const ROOT = join(import.meta.dirname, '../..');

const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
await rm(join(ROOT, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
// Compiled only because the functions name them: an application brings its own.
await rm(join(ROOT, 'dist/examples'), { recursive: true, force: true });
const { bin } = z
  .looseObject({ bin: z.record(z.string(), z.string()) })
  .parse(publishedManifest(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))));
for (const file of Object.values(bin)) await chmod(join(ROOT, file), 0o755);
