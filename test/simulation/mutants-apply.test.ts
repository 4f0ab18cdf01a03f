import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COPIED } from './mutants.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(import.meta.dirname, 'mutants');
const PATCHES = readdirSync(FOLDER).filter((file) => file.endsWith('.patch'));

it.each(PATCHES)('the mutant %s is one of the sources as they are', (file) => {
  const apply = () => execFileSync('git', ['apply', '--check', join(FOLDER, file)], { cwd: ROOT, stdio: 'pipe' });

  expect(apply).not.toThrow();
});

/** As many of the patches as go together, in a copy of the sources. */
function checked(patches: readonly string[]): { readonly errors: string; readonly left: readonly string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'typed-mutants-'));
  try {
    for (const path of [...COPIED, 'examples', 'tsconfig.json'])
      cpSync(join(ROOT, path), join(directory, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    const left = patches.filter(
      (file) => spawnSync('git', ['apply', '-C1', join(FOLDER, file)], { cwd: directory }).status !== 0,
    );
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, '--noEmit', '--project', '.'], {
      cwd: directory,
      encoding: 'utf8',
    });
    const errors = stdout.split('\n').filter((line) => /^(shared|functions)\//.test(line));
    return { errors: errors.join('\n'), left };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it('every mutant compiles: what is found is what it does wrong, and no name that is not there', {
  timeout: 240_000,
}, () => {
  let left: readonly string[] = PATCHES;
  while (left.length > 0) {
    const batch = checked(left);

    expect(batch.errors).toBe('');
    expect(batch.left.length).toBeLessThan(left.length);
    left = batch.left;
  }
});
