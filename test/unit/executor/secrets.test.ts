import { afterEach, describe, expect, it, vi } from 'vitest';
import { type LocalSecrets, localSecrets, secretVariable } from '../../../shared/adapters/local/local-secrets.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../../shared/model/definition.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { defineWorkflow } from '../../../shared/nodes/define-workflow.ts';
import { secret } from '../../../shared/nodes/secret.ts';

const VALUE = 'cnry-7f3a9c51b2d4e6';
const equals = defineNode({
  type: 'equals',
  execute: ({ token }: { token: string }, { globals }) => [token === VALUE, globals.key === VALUE],
});
const workflow = defineWorkflow({
  name: 'w',
  nodes: { a: { handler: equals, input: { token: secret('stripe-key') } } },
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('an executor has its secrets', () => {
  it.each<[string, LocalSecrets | undefined]>([
    ['from a record', { 'stripe-key': VALUE }],
    ['from a function', (name) => (name === 'stripe-key' ? VALUE : undefined)],
    ['from one that takes its time', async (name) => (name === 'stripe-key' ? VALUE : undefined)],
    ['from the environment', undefined],
  ])('%s', async (_where, secrets) => {
    vi.stubEnv('FANJOIN_SECRET_STRIPE_KEY', secrets === undefined ? VALUE : '');
    await using executor = new WorkflowExecutor({ ...(secrets !== undefined && { secrets }) });

    const { output } = await executor.execute(workflow, null, { globals: { key: secret('stripe-key') } });

    expect(output).toEqual([true, true]);
  });

  it('in variables called after them', () => {
    expect(['stripe-key', 'stripe_key', 'stripeKey'].map(secretVariable)).toEqual([
      'FANJOIN_SECRET_STRIPE_KEY',
      'FANJOIN_SECRET_STRIPE_KEY',
      'FANJOIN_SECRET_STRIPEKEY',
    ]);
  });

  it('in variables that are not empty', async () => {
    const store = localSecrets(undefined, { FANJOIN_SECRET_KEY: '' });

    expect(store.missing('key')).toMatch(/set the environment variable FANJOIN_SECRET_KEY/);
    await expect(store.get('key')).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
  });
});

describe('a start', () => {
  const start = async (
    globals: Record<string, unknown>,
    secrets: LocalSecrets | undefined,
    definition: DefinitionInput = workflow.definition,
  ) => {
    await using executor = new WorkflowExecutor({ handlers: [equals], ...(secrets !== undefined && { secrets }) });
    return executor.start(definition, null, { globals: JSON.parse(JSON.stringify(globals)) });
  };

  it.each([
    ['a record lacks', {}, "add it to the executor's `secrets`"],
    ['the environment lacks', undefined, 'set the environment variable FANJOIN_SECRET_STRIPE_KEY'],
  ])('is refused for secrets that %s, each with its place', async (_who, secrets, remedy) => {
    const problem = start({ api: [{ key: secret('toString') }] }, secrets);

    await expect(problem).rejects.toMatchObject({
      code: 'UNKNOWN_SECRET',
      issues: [
        { path: 'nodes.a.input.token', code: 'UNKNOWN_SECRET', message: expect.stringContaining(remedy) },
        { path: 'globals.api[0].key', code: 'UNKNOWN_SECRET' },
      ],
    });
  });

  it.each([
    ['with something beside it', { key: { $secret: 'key', more: 1 } }, 'globals.key'],
    ['without a name', { key: [{ $secret: 1 }] }, 'globals.key[0]'],
    ['in place of the globals', { $secret: 'key' }, 'globals'],
  ])('is refused for a reference %s', async (_how, globals, path) => {
    await expect(start(globals, { 'stripe-key': VALUE })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path, code: 'INVALID_SECRET' }],
    });
  });

  it('is refused for a reference in the input: that is data', async () => {
    await using executor = new WorkflowExecutor({ secrets: { 'stripe-key': VALUE } });

    await expect(executor.start(workflow, { deep: [secret('stripe-key')] })).rejects.toMatchObject({
      issues: [{ path: 'deep[0]', code: 'SECRET_NOT_ALLOWED' }],
    });
  });

  it('again with the same id and references finds the same execution', async () => {
    await using executor = new WorkflowExecutor({ secrets: { 'stripe-key': VALUE } });
    const options = { executionId: 'same', globals: { key: secret('stripe-key') } };
    const written = { executionId: 'same', globals: { key: { $secret: 'stripe-key' } } };

    await executor.start(workflow, null, options);

    expect((await executor.start(workflow, null, written)).executionId).toBe('same');
  });
});

describe('an execution', () => {
  it('that goes on from a checkpoint has the secrets of its globals', async () => {
    const chain = defineWorkflow({
      name: 'chain',
      config: { enableCheckpoints: true, checkpointInterval: 1 },
      nodes: {
        a: { handler: equals, input: { token: secret('stripe-key') } },
        b: { handler: equals, dependsOn: ['a'], input: { token: '{% $globals.key %}' } },
      },
    });
    await using executor = new WorkflowExecutor({ secrets: { 'stripe-key': VALUE } });
    const { executionId } = await executor.execute(chain, null, { globals: { key: secret('stripe-key') } });
    const [first] = await executor.get(executionId).checkpoints();

    const handle = await executor.resumeCheckpoint(first?.checkpointId ?? '');

    expect(handle.executionId).not.toBe(executionId);
    expect(await handle.result()).toMatchObject({ status: 'SUCCEEDED', output: [true, true] });
  });

  it('tells callbacks of references only', async () => {
    await using executor = new WorkflowExecutor({ secrets: { 'stripe-key': VALUE } });
    const started: unknown[] = [];
    executor.callbacks.addHandler({ onNodeStart: (_node, input) => void started.push(input) });

    await executor.execute(workflow, null);

    expect(started).toEqual([{ token: { $secret: 'stripe-key' } }]);
  });
});
