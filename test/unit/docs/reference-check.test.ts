import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const REPORTER = join(ROOT, 'test/support/reference-check.ts');

const aTable = (test: string) => `| What | Tests |\n| --- | --- |\n| order | \`${test}\` |\n`;
const FILES = {
  'vitest.config.mjs': `export default { test: { reporters: [['${REPORTER}', { document: 'map.md' }]] } };`,
  'test/reference/map.test.js': `
    import { describe, it } from 'vitest';
    for (const twin of ['local', 'aws']) describe(twin, () => it('keeps the order', () => {}));
    describe('local', () => it('is on one twin', () => {}));`,
  'test/other.test.js': `import { it } from 'vitest'; it('is beside', () => {});`,
};

describe('a run of the tests', () => {
  let folder: string;

  beforeAll(() => {
    mkdirSync(join(ROOT, '.fanjoin'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.fanjoin/rows-'));
    for (const [name, content] of Object.entries(FILES)) {
      mkdirSync(join(folder, dirname(name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the tests in the folder, with a map of one row. */
  async function run(test: string, ...args: readonly string[]) {
    writeFileSync(join(folder, 'map.md'), aTable(test));
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const { CI: _ci, ...env } = process.env;
    const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: folder, env });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code, said: `${stdout}${stderr}` };
  }

  it('says that the rows hold, if they do', async () => {
    const { code, said } = await run('map.test.js › keeps the order');

    expect(said).toContain('map.md: every row holds');
    expect(code).toBe(0);
  });

  it('fails by a row whose test ran on one twin only', async () => {
    const { code, said } = await run('map.test.js › is on one twin');

    expect(said).toContain("map.md, line 3, order: 'test/reference/map.test.js › is on one twin' did not run on");
    expect(code).toBe(1);
  });

  it.each([['test/other.test.js'], ['-t', 'beside']])('that is filtered (%s) says nothing of rows', async (...args) => {
    const { code, said } = await run('map.test.js › is gone', ...args);

    expect(said).not.toContain('map.md');
    expect(code).toBe(0);
  });
});
