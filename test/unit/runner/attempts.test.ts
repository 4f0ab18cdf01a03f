import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { NodeResult } from '../../../shared/nodes/node-result.ts';
import { aTask } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

const anAttempt = async (execute: Parameters<typeof aRunnerBench>[0]['handlers'], overrides = {}) => {
  const bench = await aRunnerBench({
    nodes: { a: aTask({ handler: 'h', ...overrides }) },
    ...(execute && { handlers: execute }),
  });
  const result = await bench.runNode('a');
  return { bench, result, output: await bench.outputOf(result) };
};

describe('a handler', () => {
  it('gives its output, with the times of its attempt', async () => {
    const { result, output, bench } = await anAttempt({ h: () => ({ n: 1 }) });

    expect(output).toEqual({ n: 1 });
    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      source: 'handler',
      attempts: [{ attempt: 1, startedAtMs: bench.clock.nowMs() }],
    });
  });

  it('that gives nothing gives null', async () => {
    expect((await anAttempt({ h: () => undefined })).output).toBeNull();
  });

  it('that never settles fails at its timeout, and sees its signal abort', async () => {
    let signal: AbortSignal | undefined;
    const { result } = await anAttempt(
      {
        h: (_input, context) => {
          signal = context.signal;
          return new Promise(() => undefined);
        },
      },
      { timeoutSeconds: 7 },
    );

    expect(result?.error).toMatchObject({ name: 'NodeTimedOut', code: 'NODE_TIMED_OUT' });
    expect((result?.endedAtMs ?? 0) - (result?.startedAtMs ?? 0)).toBe(7_000);
    expect(signal?.aborted).toBe(true);
  });

  it('has 60 seconds unless it says otherwise', async () => {
    const { result } = await anAttempt({ h: () => new Promise(() => undefined) });

    expect((result?.endedAtMs ?? 0) - (result?.startedAtMs ?? 0)).toBe(60_000);
  });

  it('that returns after its timeout is not listened to any more', async () => {
    let finish: (value: string) => void = () => undefined;
    const { bench, result } = await anAttempt(
      {
        h: () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
      },
      { timeoutSeconds: 1 },
    );

    finish('late');
    await bench.clock.pass(1_000);

    expect(await bench.resultOf('a')).toEqual(result);
  });

  it.each<[string, unknown, object]>([
    ['a text', 'no', { name: 'NonError', message: 'A value that is no Error was thrown: "no"' }],
    ['nothing', undefined, { name: 'NonError' }],
    ['null', null, { name: 'NonError' }],
    ['a symbol', Symbol('s'), { name: 'NonError' }],
    [
      'an object that contains itself and has no prototype',
      (() => {
        const o = Object.create(null);
        o.o = o;
        return o;
      })(),
      { name: 'NonError' },
    ],
    ['an error whose name is a number', anError('x', { name: 42 }), { name: 'Error' }],
    ['an error without a name', anError('x', { name: '' }), { name: 'Error' }],
    ['an error whose message is an object', anError('x', { message: { why: 1 } }), { name: 'x', message: '{"why":1}' }],
    ['an error whose stack is a list', anError('x', { stack: ['a'] }), { name: 'x' }],
    ['an error whose code is a number', anError('x', { code: 7 }), { name: 'x' }],
    ['an error with a name of a million letters', anError('n'.repeat(1_000_000)), { name: 'n'.repeat(200) }],
    [
      'an error with a message of a million letters',
      anError('x', { message: 'm'.repeat(1_000_000) }),
      { name: 'x', message: 'm'.repeat(8_000) },
    ],
    [
      'an error that is its own cause',
      (() => {
        const e = anError('x');
        e.cause = e;
        return e;
      })(),
      { name: 'x' },
    ],
    [
      'an error that throws when it is looked at',
      Object.defineProperty(anError('x'), 'message', {
        get: () => {
          throw new Error('no');
        },
      }),
      { name: 'x' },
    ],
  ])('that throws %s fails with it', async (_what, thrown, error) => {
    const { result } = await anAttempt({
      h: () => {
        throw thrown;
      },
    });

    expect(result).toMatchObject({ status: 'FAILED', error });
  });

  it.each([
    ['a bigint', () => ({ a: [1n] }), 'NOT_JSON', 'a[0]: is the bigint 1'],
    [
      'a cycle',
      () => {
        const o: { o?: unknown } = {};
        o.o = o;
        return o;
      },
      'NOT_JSON',
      'o: is a cycle',
    ],
    ['a Map', () => new Map(), 'NOT_JSON', 'is a Map'],
  ])('that gives %s fails, and the error says where', async (_what, execute, code, text) => {
    const { result } = await anAttempt({ h: execute });

    expect(result?.error).toMatchObject({ name: 'InvalidNodeOutput', code, message: expect.stringContaining(text) });
  });

  it('whose output does not fit its schema fails with path and value', async () => {
    const h = defineNode({
      type: 'h',
      output: z.object({ total: z.object({ cents: z.int() }) }),
      execute: () => ({ total: { cents: 1.5 } }),
    });

    const { result } = await anAttempt({ h });

    expect(result?.error).toMatchObject({
      code: 'INVALID_NODE_OUTPUT',
      message: expect.stringContaining('total.cents'),
    });
  });

  it('whose output is wrong in ten thousand places still has a result', async () => {
    const h = defineNode({ type: 'h', output: z.array(z.string()), execute: () => Array(10_000).fill(1) as string[] });

    const { result } = await anAttempt({ h });

    expect(result?.error?.message).toContain('and 9990 more');
  });

  it('whose input does not fit its schema is not run', async () => {
    let calls = 0;
    const h = defineNode({ type: 'h', input: z.object({ name: z.string() }), execute: () => calls++ });

    const { result } = await anAttempt({ h }, { input: { name: 1 } });

    expect(result?.error).toMatchObject({ code: 'INVALID_NODE_INPUT', message: expect.stringContaining('name') });
    expect(calls).toBe(0);
  });

  it.each([
    [
      'input',
      {
        input: z.unknown().transform(() => {
          throw anError('SchemaError');
        }),
      },
    ],
    [
      'output',
      {
        output: z.unknown().transform(() => {
          throw anError('SchemaError');
        }),
      },
    ],
  ])('whose %s schema throws fails with what it threw', async (_which, schemas) => {
    const { result } = await anAttempt({ h: defineNode({ type: 'h', execute: () => 1, ...schemas }) });

    expect(result?.error?.name).toBe('SchemaError');
  });

  it('whose output throws when it is made JSON fails with what it threw', async () => {
    const { result } = await anAttempt({
      h: () => ({
        toJSON() {
          throw anError('JsonError');
        },
      }),
    });

    expect(result?.error?.name).toBe('JsonError');
  });

  it('that is not registered is a failure that lists those which are', async () => {
    const { result } = await anAttempt({ other: () => 1 });

    expect(result?.error).toMatchObject({ code: 'UNKNOWN_HANDLER', message: expect.stringContaining('other') });
  });

  it('gets what the context promises', async () => {
    let seen: object = {};
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h' }) },
      globals: { region: 'eu' },
      handlers: {
        h: (_input, { signal: _signal, logger: _logger, ...context }) => {
          seen = context;
        },
      },
    });

    await bench.run(bench.aMessage('a', { attempt: 3 }));

    expect(seen).toEqual({
      executionId: 'execution-1',
      nodeId: 'a',
      visit: 1,
      attempt: 3,
      idempotencyKey: 'execution-1/a/1',
      globals: { region: 'eu' },
    });
  });
});

describe('a NodeResult', () => {
  it('fails without throwing', async () => {
    const { result } = await anAttempt({ h: () => NodeResult.failure(anError('Declined')) });

    expect(result).toMatchObject({ status: 'FAILED', error: { name: 'Declined' } });
  });

  it('that failed without an error has one that says so', async () => {
    const { result } = await anAttempt({ h: () => new NodeResult({ success: false }) });

    expect(result?.error?.message).toContain('without an error');
  });

  it('has its output checked as any other', async () => {
    const h = defineNode({ type: 'h', output: z.string(), execute: () => NodeResult.success(1 as never) });

    expect((await anAttempt({ h })).result?.error?.code).toBe('INVALID_NODE_OUTPUT');
  });

  it('may fail in spite of having an output', async () => {
    const { result } = await anAttempt({
      h: () => new NodeResult({ success: false, output: 1, error: anError('Declined') }),
    });

    expect(result?.status).toBe('FAILED');
    expect(result?.output).toBeUndefined();
  });
});
