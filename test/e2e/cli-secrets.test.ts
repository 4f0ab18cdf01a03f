import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CliSandbox } from '../unit/cli/cli-process.ts';
import { write, writeOneNodeWorkflow } from '../unit/cli/workflow-files.ts';

let sandbox: CliSandbox;
beforeEach(() => {
  sandbox = new CliSandbox();
  writeOneNodeWorkflow(sandbox.directory, 'return input.token.split("").reverse().join("");', 'export { only };');
  const nodes = { only: { handler: 'only', input: { token: { $secret: 'stripe-key' } } } };
  write(sandbox.directory, 'workflow.json', JSON.stringify({ name: 'w', nodes }));
  writeFileSync(sandbox.path('secrets.env'), 'FANJOIN_SECRET_STRIPE_KEY="cnry-7f3a9c51b2"\n');
});
afterEach(() => sandbox[Symbol.asyncDispose]());

const RUN = ['run', 'workflow.json', '--handlers', 'one.ts', '--quiet'];

it('run takes secrets from a file', async () => {
  const { code, stdout } = await sandbox.run([...RUN, '--secrets', 'secrets.env']);

  expect([code, JSON.parse(stdout)]).toEqual([0, '2b15c9a3f7-yrnc']);
});

it('run takes those that are set already from the environment', async () => {
  const env = { FANJOIN_SECRET_STRIPE_KEY: 'cnry-from-outside' };

  const { stdout } = await sandbox.run([...RUN, '--secrets', 'secrets.env'], { env });

  expect(JSON.parse(stdout)).toBe('edistuo-morf-yrnc');
});

it('run says which variable a secret is missing in, and where it is named', async () => {
  const { code, stdout } = await sandbox.run([...RUN, '--json']);

  expect(code).toBe(2);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'UNKNOWN_SECRET',
    issues: [{ path: 'nodes.only.input.token', message: expect.stringContaining('FANJOIN_SECRET_STRIPE_KEY') }],
  });
});

it('run says that the file is not there', async () => {
  const { code, stderr } = await sandbox.run([...RUN, '--secrets', 'nowhere.env']);

  expect(code).toBe(2);
  expect(stderr).toContain("The secrets in 'nowhere.env' cannot be read: ENOENT");
});

it('redrive takes them from a file, too', async () => {
  writeFileSync(sandbox.path('short.env'), 'FANJOIN_SECRET_STRIPE_KEY=short\n');
  const failed = await sandbox.run([...RUN, '--id', 'again', '--json', '--secrets', 'short.env']);

  const { code, stdout } = await sandbox.run(['redrive', 'again', '--quiet', '--secrets', 'secrets.env']);

  expect(JSON.parse(failed.stdout).error).toMatchObject({ code: 'SECRET_TOO_SHORT' });
  expect([code, JSON.parse(stdout)]).toEqual([0, '2b15c9a3f7-yrnc']);
});
