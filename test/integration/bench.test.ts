import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Run } from '../bench/figures.ts';
import { readLog } from '../bench/report/log.ts';
import { PAGE_FILE, performancePage, RESULTS_FILE } from '../bench/report/performance-page.ts';

const MAIN = join(import.meta.dirname, '../bench/main.ts');
const INSTANCE = join(import.meta.dirname, '../bench/instances/thumbnails.json');
const run = promisify(execFile);

/** What `npm run bench -- WORDS` does, with tiny numbers. */
describe('npm run bench', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fanjoin-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function bench(...words: string[]): Promise<{ stdout: string; figures: Run['figures'] }> {
    const json = join(folder, 'run.json');
    const { stdout } = await run(process.execPath, [MAIN, ...words, '--json', json]);
    const { figures, wrong } = Run.parse(JSON.parse(await readFile(json, 'utf8')));
    expect(wrong).toEqual([]);
    return { stdout, figures };
  }

  it.each(['local', 'model'])('--suite %s measures all that it names', { timeout: 240_000 }, async (suite) => {
    const { stdout, figures } = await bench('--suite', suite, '--smoke', '--runs', '1');

    expect(figures.length).toBeGreaterThan(0);
    expect(figures.filter(({ summary }) => summary === undefined)).toEqual([]);
    expect(stdout).toContain('machine ');
  });

  it.each(['stack', 'peers'])(
    '--suite %s measures what can run here, and says why the rest cannot',
    { timeout: 240_000 },
    async (suite) => {
      const { figures } = await bench('--suite', suite, '--smoke', '--runs', '1');

      expect(figures.some(({ summary }) => summary !== undefined) || suite === 'stack').toBe(true);
      expect(figures.filter(({ summary, note }) => summary === undefined && note === undefined)).toEqual([]);
    },
  );

  it.each(['eager', 'stream'])('--wfcommons replays an instance and checks its order, advance %s', async (advance) => {
    const words = ['--wfcommons', INSTANCE, '--time-scale', '0.001', '--runs', '2', '--advance', advance];

    const { stdout, figures } = await bench(...words);

    expect(stdout).toContain('Order: no task began before its parents had ended.');
    expect(figures.map(({ what }) => what)).toEqual(['makespan', 'critical path of the handlers', 'overhead']);
    // list, the longer of the two pictures, page: 0.5 + 4 + 1 s, a thousandth of it.
    expect(figures[1]?.summary?.min).toBeGreaterThanOrEqual(5);
  });

  it('draws a chart of what it measured', async () => {
    const svg = join(folder, 'chart.svg');

    await bench('--workload', 'chain:2', '--runs', '2', '--svg', svg);

    expect(await readFile(svg, 'utf8')).toMatch(/^<svg [\s\S]*chain:2[\s\S]*<\/svg>\n$/);
  });

  it.each([
    [['--workload', 'chains:2'], "There is no workload 'chains:2'. There are: chain:N"],
    [['--workload', 'chain:none'], "'none' is no number above 0"],
    [['--suite', 'everything'], '--suite: '],
    [['--suite', 'local', '--runs', '0'], '--runs: '],
    [['--wfcommons', '/nowhere.json'], '/nowhere.json: cannot be read'],
    [['--what'], "Unknown option '--what'"],
  ])('refuses %j, and says what to do', async (words, message) => {
    const failed = run(process.execPath, [MAIN, ...words]);

    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});

describe('docs/performance.md', () => {
  it('is what the figures of test/bench/results.json make, with the log', async () => {
    const figures = Run.parse(JSON.parse(await readFile(RESULTS_FILE, 'utf8')));

    expect(await readFile(PAGE_FILE, 'utf8')).toBe(performancePage(figures, await readLog()));
  });
});
