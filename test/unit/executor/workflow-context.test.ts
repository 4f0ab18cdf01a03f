import { describe, expect, it } from 'vitest';
import { WorkflowContext } from '../../../shared/executor/workflow-context.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { secret } from '../../../shared/nodes/secret.ts';

const region = defineNode({ type: 'region', execute: (_input, { globals }) => globals.region });
const length = defineNode({ type: 'length', execute: (_input, { globals }) => String(globals.region).length });
const large = defineNode({ type: 'large', execute: () => 'x'.repeat(20_000) });
const fail = defineNode({
  type: 'fail',
  execute: () => {
    throw new TypeError('no');
  },
});
const count = defineNode({ type: 'count', execute: (n: number) => n + 1 });

const anExecutor = () => new WorkflowExecutor({ handlers: [region, large, fail, count] });
const inRegion = { name: 'in-region', nodes: { a: { handler: 'region' } } };

describe('a context that an execution is started with', () => {
  it('gives nodes its globals, and the execution its id', async () => {
    await using executor = anExecutor();
    const context = new WorkflowContext('order-17', { globals: { region: 'eu' } });

    const result = await executor.execute(inRegion, null, context);

    expect(result).toMatchObject({ executionId: 'order-17', output: 'eu' });
  });

  it('needs no id', async () => {
    await using executor = anExecutor();
    const context = new WorkflowContext(undefined, { globals: { region: 'eu' } });

    const [first, second] = [
      await executor.execute(inRegion, null, context),
      await executor.execute(inRegion, null, context),
    ];

    expect(first.executionId).not.toBe(second.executionId);
    expect([first.output, second.output]).toEqual(['eu', 'eu']);
  });

  it('is a snapshot: nothing that is done to what it was made of, or to it, reaches the nodes', () => {
    const globals = { region: { name: 'eu' } };
    const context = new WorkflowContext('id', { globals });
    globals.region.name = 'us';

    expect(context.globals).toEqual({ region: { name: 'eu' } });
    expect(() => Object.assign(context.globals, { region: 'us' })).toThrow(TypeError);
    expect(() => Object.assign(context.globals.region as object, { name: 'us' })).toThrow(TypeError);
  });

  it('may hold secrets, which handlers are given the values of, and the result does not', async () => {
    const secrets = { 'region-key': 'cnry-7f3a9c51' };
    await using executor = new WorkflowExecutor({ handlers: [length], secrets });
    const context = new WorkflowContext('id', { globals: { region: secret('region-key') } });

    const result = await executor.execute({ name: 'l', nodes: { a: { handler: 'length' } } }, null, context);

    expect(result.output).toBe(secrets['region-key'].length);
    expect(result.context.globals).toEqual({ region: { $secret: 'region-key' } });
  });

  it('refuses a global that is nothing JSON can hold, by its name', () => {
    expect(() => new WorkflowContext('id', { globals: { since: 1n as never } })).toThrow(/The global 'since'/);
  });

  it('has no results yet', async () => {
    const context = new WorkflowContext();

    expect(context.nodeResults).toEqual({});
    expect(await context.output('a')).toBeUndefined();
  });
});

describe('the context of a result', () => {
  it('holds the execution’s id and globals, and how each finished node ended', async () => {
    await using executor = anExecutor();
    const definition = {
      name: 'mixed',
      nodes: {
        a: { handler: 'region' },
        b: { handler: 'fail', catch: [{ errors: ['TypeError'], output: 'caught' }] },
        c: { handler: 'region', runIf: '{% false %}' },
      },
    };

    const { context, executionId } = await executor.execute(definition, null, { globals: { region: 'eu' } });

    expect(context).toMatchObject({ id: executionId, globals: { region: 'eu' } });
    expect(context.nodeResults).toMatchObject({
      a: { status: 'SUCCEEDED', output: 'eu', attempts: [{ attempt: 1 }] },
      b: { status: 'SUCCEEDED', source: 'catch', output: 'caught', error: { name: 'TypeError' } },
    });
    expect(Object.keys(context.nodeResults)).toEqual(['a', 'b']);
  });

  it('is there of a failure too', async () => {
    await using executor = anExecutor();
    const nodes = { a: { handler: 'region' }, b: { handler: 'fail', dependsOn: ['a'] } };

    const { context } = await executor.execute({ name: 'failing', nodes }, null);

    expect(context.nodeResults).toMatchObject({
      a: { output: null },
      b: { status: 'FAILED', error: { name: 'TypeError' } },
    });
  });

  it('of a loop holds each node’s last visit', async () => {
    await using executor = anExecutor();
    const definition = {
      name: 'loop',
      strategy: 'conditional' as const,
      nodes: {
        n: {
          handler: 'count',
          input: '{% $nodes.n ? $nodes.n : 0 %}',
          choices: [{ when: '{% $output < 3 %}', next: 'n' }],
          next: '$end',
        },
      },
    };

    const result = await executor.execute(definition, null);

    expect(result.context.nodeResults.n).toMatchObject({ visit: 3, output: 3 });
  });

  it('gives an output that is too large to lie with its result on demand', async () => {
    await using executor = anExecutor();

    const { context } = await executor.execute({ name: 'large', nodes: { a: { handler: 'large' } } }, null);

    expect(context.nodeResults.a?.output).toBeUndefined();
    expect(await context.output('a')).toBe('x'.repeat(20_000));
    expect(await context.output('constructor')).toBeUndefined();
  });
});
