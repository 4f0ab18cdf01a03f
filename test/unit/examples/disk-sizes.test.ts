import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderNotFoundError, measureSizes } from '../../../examples/audit/disk-sizes.ts';

let folder: string;
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function install(path: string, bytes: number): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), 'x'.repeat(bytes));
}

test('a package counts its own files, however deep, and not those of packages in it', async () => {
  await install('node_modules/a/index.js', 10);
  await install('node_modules/a/lib/node_modules/kept.js', 5);
  await install('node_modules/a/node_modules/b/index.js', 100);
  await symlink('/etc', join(folder, 'node_modules/a/link'));

  const sizes = await measureSizes(folder, ['node_modules/a', 'node_modules/a/node_modules/b'], signal);

  expect(sizes).toEqual({
    isMeasured: true,
    packages: [
      { path: 'node_modules/a', bytes: 15 },
      { path: 'node_modules/a/node_modules/b', bytes: 100 },
    ],
  });
});

test('what is not installed, or lies outside, is left out', async () => {
  await install('node_modules/a/index.js', 10);
  await install('../audit-outside/node_modules/b/index.js', 10);

  const sizes = await measureSizes(folder, ['node_modules/other-platform', '../audit-outside/node_modules/b'], signal);
  await rm(join(folder, '../audit-outside'), { recursive: true });

  expect(sizes).toEqual({ isMeasured: true, packages: [] });
});

test('a folder that is not there is an error no retry mends', async () => {
  await expect(measureSizes(join(folder, 'nowhere'), [], signal)).rejects.toThrow(FolderNotFoundError);
  await expect(measureSizes(join(folder, 'nowhere'), [], signal)).rejects.toMatchObject({ retryable: false });
});

test('without a folder nothing is measured', async () => {
  expect(await measureSizes(null, ['node_modules/a'], signal)).toEqual({
    isMeasured: false,
    reason: 'no folder was given',
  });
});

test('it stops when its execution does', async () => {
  await install('node_modules/a/index.js', 10);

  await expect(measureSizes(folder, ['node_modules/a'], AbortSignal.abort())).rejects.toThrow('aborted');
});
