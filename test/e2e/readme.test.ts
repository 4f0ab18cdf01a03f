import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector } from '../support/otlp-collector.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('the README', () => {
  let folder: string;

  beforeAll(async () => {
    // Within the package, so that its files can import it by its name.
    await mkdir(join(ROOT, '.fanjoin'), { recursive: true });
    folder = await mkdtemp(join(ROOT, '.fanjoin/readme-'));
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    for (const [, comment, name, text] of readme.matchAll(/```(?:ts|yaml)\n(\/\/|#) (\S+)\n([\s\S]*?)```/g)) {
      await writeFile(join(folder, name ?? ''), `${comment} ${name}\n${text}`);
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('shows a workflow in TypeScript that does what its comment says', async () => {
    const { stdout } = await run(process.execPath, ['greeting.ts'], { cwd: folder });

    expect(stdout).toBe('SUCCEEDED HELLO, ADA\n');
  });

  it('shows how to trace one', async () => {
    await using collector = await startCollector();
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };

    const { stdout } = await run(process.execPath, ['tracing.ts'], { cwd: folder, env });

    expect(collector.spans.map(({ name }) => name).toSorted()).toEqual(['execution', 'node_greet', 'node_shout']);
    expect(stdout).toBe(`http://localhost:16686/trace/${collector.spans[0]?.traceId}\n`);
  });

  it('shows the same workflow in YAML, for the command it names', async () => {
    const cli = join(ROOT, 'cli/main.ts');
    const input = JSON.stringify({ name: 'Ada' });
    const args = [cli, 'run', 'greeting.yaml', '--input', input, '--quiet'];

    const { stdout } = await run(process.execPath, args, { cwd: folder });

    expect(stdout.trim()).toBe('"HELLO, ADA"');
  });
});
