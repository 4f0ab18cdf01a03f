import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(import.meta.dirname, 'mutants');

it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.patch')))(
  'the mutant %s is one of the sources as they are',
  (file) => {
    const apply = () => execFileSync('git', ['apply', '--check', join(FOLDER, file)], { cwd: ROOT, stdio: 'pipe' });

    expect(apply).not.toThrow();
  },
);
