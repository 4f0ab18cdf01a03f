import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const run = promisify(execFile);

describe('the page on testing', () => {
  let folder: string;

  beforeAll(async () => {
    // Within the package, so that its files can import it by its name.
    await mkdir(join(ROOT, '.fanjoin'), { recursive: true });
    folder = await mkdtemp(join(ROOT, '.fanjoin/testing-'));
    const page = await readFile(join(ROOT, 'docs/testing.md'), 'utf8');
    for (const [, name, text] of page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g))
      await writeFile(join(folder, name ?? ''), `// ${name}\n${text}`);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['.'] }));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['orders.test.ts', 1],
    ['invoices.test.ts', 2],
    ['moments.test.ts', 3],
  ])('shows tests that pass: %s', async (file, count) => {
    const { stdout } = await run(process.execPath, ['--test-reporter=tap', file], { cwd: folder });

    expect(stdout).toContain(`# pass ${count}\n`);
    expect(stdout).toContain('# fail 0\n');
  });

  it('shows tests that compile', { timeout: 120_000 }, async () => {
    await run(TSC, ['-p', folder]);
  });
});
