import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector } from '../support/otlp-collector.ts';
import { readmeFiles } from '../support/readme.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Writes files into a folder within the package, so that they can import it by its name. */
async function aFolder(files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(join(ROOT, '.fanjoin'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.fanjoin/readme-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe('the README', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await aFolder(await readmeFiles());
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

describe('the map of the reference', () => {
  let folder: string;
  let names: string[];

  beforeAll(async () => {
    const text = await readFile(join(ROOT, 'docs/reference.md'), 'utf8');
    const snippets = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, snippet = ''], index) => {
      return [`snippet${index}.ts`, snippet.replaceAll("'../examples/", "'../../examples/")];
    });
    names = snippets.map(([name = '']) => name);
    const tsconfig = JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'], exclude: [] });
    folder = await aFolder({ ...Object.fromEntries(snippets), 'tsconfig.json': tsconfig });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has a snippet for each best practice that compiles', async () => {
    expect(names).toHaveLength(5);
    await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]);
  });

  it('has snippets that run, and print what their comments say', async () => {
    const printed = await Promise.all(names.map((name) => run(process.execPath, [name], { cwd: folder })));

    for (const [index, { stdout }] of printed.entries()) {
      const source = await readFile(join(folder, names[index] ?? ''), 'utf8');
      const promised = [...source.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, comment]) => comment);
      for (const line of promised) expect(stdout.split('\n')).toContain(line);
    }
  });
});
