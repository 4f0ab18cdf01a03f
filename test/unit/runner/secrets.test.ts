import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { NodeResult } from '../../../shared/nodes/node-result.ts';
import { SECRET_TTL_MS } from '../../../shared/runner/secret-cache.ts';
import { aMap, aTask, aTransform } from '../../support/factories.ts';
import { aRunnerBench, type BenchOptions } from '../../support/factories-runner.ts';

const VALUE = 'cnry-7f3a9c51b2d4e6';
const OTHER = 'cnry-other-0cc175b9c0f1';
const TOKEN = { $secret: 'key' };
const secrets = { key: VALUE, other: OTHER };

/** A node `a` whose handler `h` is given the secret as `token`. */
const aSecretBench = (
  h: NonNullable<BenchOptions['handlers']>[string],
  task = {},
  options: Partial<BenchOptions> = {},
) =>
  aRunnerBench({
    nodes: { a: aTask({ handler: 'h', input: { token: TOKEN }, ...task }) },
    handlers: { h },
    secrets,
    ...options,
  });

describe('a handler', () => {
  it('is given the values of the secrets its input and the globals name, and they are kept nowhere', async () => {
    const given: unknown[] = [];
    const bench = await aSecretBench(
      (input, { globals }) => void given.push(structuredClone({ input, globals })),
      { input: { token: TOKEN, list: ['{% $globals.deep %}'], data: '{% $input %}' } },
      { input: TOKEN, globals: { deep: [{ $secret: 'other' }], plain: 1 } },
    );

    await bench.runNode('a');

    expect(given).toEqual([
      {
        input: { token: VALUE, list: [[OTHER]], data: TOKEN },
        globals: { deep: [OTHER], plain: 1 },
      },
    ]);
    expect(JSON.stringify(await bench.meta())).not.toContain('cnry');
  });

  it('is given data that looks like a reference as data: of an input, and of an output', async () => {
    const given: unknown[] = [];
    const bench = await aRunnerBench({
      nodes: {
        before: aTransform({ output: { made: { secret: '{% $input %}' } } }),
        a: aTask({
          handler: 'h',
          dependsOn: ['before'],
          input: { of: '{% $nodes.before %}', token: { $secret: 'other' } },
        }),
        b: aTask({ handler: 'h' }),
      },
      handlers: { h: (input, { globals }) => void given.push({ input, globals }) },
      input: TOKEN,
      secrets,
    });

    await bench.runNode('before');
    await bench.runNode('a');
    await bench.runNode('b');

    expect(given).toEqual([
      { input: { of: { made: { secret: TOKEN } }, token: OTHER }, globals: {} },
      { input: TOKEN, globals: {} },
    ]);
  });

  it('cannot hand a value on by changing its input: its fallback, and other items, are given their own', async () => {
    const shared = { list: [1] };
    const given: unknown[] = [];
    const bench = await aRunnerBench({
      nodes: {
        m: aMap({
          handler: 'h',
          input: { items: [1, 2], shared },
          items: '{% items %}',
          itemInput: { token: TOKEN, shared: '{% shared %}' },
        }),
      },
      handlers: {
        h: (input: { token: string; shared: { list: unknown[] } }) => {
          given.push(structuredClone(input.shared));
          input.shared.list.push(input.token);
          return 1;
        },
      },
      secrets,
    });

    await bench.runMap('m');

    expect(given).toEqual([shared, shared]);
  });

  it('that has no secrets costs no look at any', async () => {
    const asked: string[] = [];
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', input: { n: 1 } }) },
      handlers: { h: () => VALUE },
      secrets: (name) => void asked.push(name),
    });

    const result = await bench.runNode('a');

    expect(await bench.outputOf(result)).toBe(VALUE);
    expect(asked).toEqual([]);
    expect(bench.plan.nodes[0]?.namesSecrets).toBe(false);
    expect(await bench.meta()).not.toHaveProperty('globalsHoldSecrets');
  });
});

describe('the value of a secret', () => {
  it('is asked for once in five minutes, however many nodes want it; then a new one counts', async () => {
    let value = VALUE;
    const asked: string[] = [];
    const ask = async (name: string) => {
      asked.push(name);
      return value;
    };
    const bench = await aSecretBench(
      (input: { token: string }) => input.token === value,
      { input: { token: TOKEN, also: TOKEN } },
      { secrets: ask },
    );
    const outputs: unknown[] = [];
    const runAgain = async (visit: number) => outputs.push(await bench.outputOf(await bench.runNode('a', { visit })));

    await Promise.all([runAgain(1), runAgain(2)]);
    value = OTHER;
    await bench.clock.pass(SECRET_TTL_MS - 1);
    await runAgain(3);
    await bench.clock.pass(1);
    await runAgain(4);

    expect(outputs).toEqual([true, true, false, true]);
    expect(asked).toEqual(['key', 'key']);
  });

  it.each([
    ['that nobody has', {}, 'SECRET_NOT_FOUND', "There is no secret 'key' here: add it to the executor's `secrets`"],
    ['that a function does not give', () => undefined, 'SECRET_NOT_FOUND', /'secrets' function|`secrets` function/],
    ['that is named as what every object has', {}, 'SECRET_NOT_FOUND', /'toString'/, 'toString'],
    ['that is no text', () => 123_456 as unknown as string, 'SECRET_NOT_TEXT', 'is no text but a number'],
    ['that is too short to be told from other text', { key: '12345' }, 'SECRET_TOO_SHORT', 'at least 6'],
  ])(
    '%s fails the node before its handler is called, and is not asked for again',
    async (_what, found, code, message, name = 'key') => {
      let calls = 0;
      const bench = await aSecretBench(
        () => calls++,
        { input: { token: { $secret: name } }, retry: { maxRetries: 2 } },
        { secrets: found },
      );

      const result = await bench.runNode('a');

      expect(result).toMatchObject({ status: 'FAILED', error: { code }, attempts: [{ attempt: 1 }] });
      expect(result?.error?.message).toMatch(message);
      expect(calls).toBe(0);
    },
  );

  it('that cannot be had now is asked for again as the node’s retries say', async () => {
    let asked = 0;
    const ask = async () => {
      if (++asked < 3) throw new Error('the vault is sealed');
      return VALUE;
    };
    const bench = await aSecretBench(() => 'done', { retry: { maxRetries: 3 } }, { secrets: ask });

    await bench.runToTheEnd(bench.aMessage('a'));

    const result = await bench.resultOf('a');
    expect(result).toMatchObject({ status: 'SUCCEEDED' });
    expect(result?.attempts.map(({ error }) => error?.code)).toEqual([
      'SECRET_UNAVAILABLE',
      'SECRET_UNAVAILABLE',
      undefined,
    ]);
    expect(result?.attempts[0]?.error?.message).toBe("The secret 'key' could not be read: the vault is sealed");
  });

  it('that never comes does not hold the node for ever', async () => {
    const bench = await aSecretBench(() => 'done', {}, { secrets: () => new Promise(() => undefined) });

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'SECRET_UNAVAILABLE' } });
  });

  it('that is missing can be caught', async () => {
    const catcher = [{ errors: ['SecretNotFoundError'], output: '{% $error.name %}' }];
    const bench = await aSecretBench(() => 'done', { catch: catcher }, { secrets: {} });

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'catch' });
    expect(await bench.outputOf(result)).toBe('SecretNotFoundError');
  });
});

describe('a value that a handler lets out', () => {
  const throwing = (input: { token: string }) => {
    const cause = new Error(`inner ${input.token}`);
    throw Object.assign(new Error(`outer ${input.token}`, { cause }), {
      code: input.token,
      name: `Bad ${input.token}`,
    });
  };

  it('by an error shows as its name, in all of it, and in what is kept and sent for a retry', async () => {
    const bench = await aSecretBench(throwing, { retry: { maxRetries: 1 } });

    await bench.run(bench.aMessage('a'));
    const [again] = await bench.sent();
    await bench.run(bench.aMessage('a', { attempt: 2 }));

    const { error } = (await bench.resultOf('a')) ?? {};
    expect(again).toMatchObject({ earlier: [{ error: { message: 'outer [secret key]' } }] });
    expect(JSON.stringify(again)).not.toContain('cnry');
    expect(error).toMatchObject({
      name: 'Bad [secret key]',
      code: '[secret key]',
      message: 'outer [secret key]',
      stack: expect.stringContaining('[secret key]'),
      cause: { message: 'inner [secret key]' },
    });
    expect(JSON.stringify(error)).not.toContain('cnry');
  });

  it.each([
    ['in a long message', 8_000 - 6, (token: string, before: string) => new Error(`${before}${token}`)],
    ['in a thrown value', 200 - '{"text":"'.length - 6, (token: string, before: string) => ({ text: before + token })],
  ])('is gone also where what is kept of it is cut: %s', async (_where, room, thrown) => {
    const bench = await aSecretBench((input: { token: string }) => {
      throw thrown(input.token, 'x'.repeat(room));
    });

    const result = await bench.runNode('a');

    expect(result?.error?.message).toMatch(/x\[secre$/);
  });

  it.each([
    ['what it is given', defineNode({ type: 'h', input: z.object({ token: z.number() }), execute: () => 1 })],
    [
      'what it gives',
      defineNode({ type: 'h', output: z.number(), execute: (input) => JSON.parse(JSON.stringify(input)) }),
    ],
    [
      'its own word on it',
      defineNode({
        type: 'h',
        input: z.object({ token: z.string().refine(() => false, { error: ({ input }) => `not ${input}` }) }),
        execute: () => 1,
      }),
    ],
    ['a key of it', defineNode({ type: 'h', output: z.strictObject({}), execute: ({ token }) => ({ [token]: 1 }) })],
    ['no JSON', defineNode({ type: 'h', execute: ({ token }: { token: string }) => ({ [token]: 1n }) })],
  ])('by a schema’s issue shows as its name: %s', async (_what, handler) => {
    const bench = await aSecretBench(handler);

    const result = await bench.runNode('a');

    expect(result?.error?.code).toMatch(/^INVALID_NODE_|^NOT_JSON$/);
    expect(JSON.stringify(result)).not.toContain('cnry');
  });

  it.each<[string, (token: string) => unknown, string]>([
    ['in an output', (token) => ({ list: [`Bearer ${token}`] }), ' at list[0];'],
    ['as the output', (token) => token, "'key';"],
    ['as a key', (token) => ({ [token]: 1 }), ' at [secret key];'],
    ['encoded', (token) => [Buffer.from(`user:${token}`).toString('base64')], ' at [0];'],
    ['as where to go on', (token) => NodeResult.success(1, { nextNodeId: token }), ' at nextNodeId;'],
  ])('%s fails the node for good', async (_how, output, place) => {
    const bench = await aSecretBench((input: { token: string }) => output(input.token), { retry: { maxRetries: 3 } });

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'FAILED', error: { name: 'SecretInOutput', code: 'SECRET_IN_OUTPUT' } });
    expect(result?.error?.message).toContain(place);
    expect(JSON.stringify(result)).not.toContain('cnry');
  });

  it('in an output is not kept by the cache', async () => {
    const bench = await aSecretBench((input: { token: string }) => input.token, { cache: {} });

    await bench.runNode('a');

    expect(await bench.runNode('a', { visit: 2 })).toMatchObject({
      status: 'FAILED',
      error: { code: 'SECRET_IN_OUTPUT' },
    });
  });

  it('by a fallback, and by the cause of an abort, shows as its name', async () => {
    const bench = await aSecretBench(throwing, { fallback: { handler: 'h' } });
    const aborted = await aSecretBench(
      (input: { token: string }, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error(`stopped with ${input.token}`)));
          void aborted.service.cancel(aborted.executionId);
        }),
    );

    const failed = await bench.runNode('a');
    const stopped = await aborted.runNode('a');

    expect(failed?.fallbackError?.message).toBe('outer [secret key]');
    expect(stopped?.error).toMatchObject({ code: 'NODE_ABORTED', cause: { message: 'stopped with [secret key]' } });
    expect(JSON.stringify([failed, stopped])).not.toContain('cnry');
  });

  it('by a log line shows as its name', async () => {
    const bench = await aSecretBench((input, { logger }) => {
      logger.error('given', { input });
      return 1;
    });

    await bench.runNode('a');

    expect(bench.lines.map((line) => JSON.parse(line))).toMatchObject([
      { message: 'given', nodeId: 'a', input: { token: '[secret key]' } },
    ]);
  });
});

describe('a map', () => {
  it('gives its items’ handler the values, by itemInput and by its own input; failures show names', async () => {
    const bench = await aRunnerBench({
      nodes: {
        m: aMap({
          handler: 'h',
          input: { rows: [1, 2], token: TOKEN },
          items: '{% rows %}',
          itemInput: { row: '{% $item %}', token: '{% token %}', other: { $secret: 'other' } },
          toleratedFailureCount: 1,
        }),
      },
      handlers: {
        h: ({ row, token, other }: { row: number; token: string; other: string }) => {
          if (row === 2) throw new Error(`row 2 with ${other}`);
          return token === VALUE && other === OTHER;
        },
      },
      secrets,
    });

    const result = await bench.runMap('m');

    expect(await bench.outputOf(result)).toEqual([true, null]);
    const failures = result?.failures === undefined ? '' : await bench.store.payloads.loadText(result.failures);
    expect(failures).toContain('row 2 with [secret other]');
    expect(failures).not.toContain('cnry');
  });

  it('cannot make text of a reference in the input of its items', async () => {
    const bench = await aRunnerBench({
      nodes: {
        m: aMap({
          handler: 'h',
          input: { rows: [1], token: TOKEN },
          items: '{% rows %}',
          itemInput: "{% 'x' & token %}",
        }),
      },
      handlers: { h: () => 1 },
      secrets,
    });

    const result = await bench.runMap('m');

    expect(result?.error).toMatchObject({ code: 'TOLERATED_FAILURE_EXCEEDED', cause: { code: 'EXPRESSION_FAILED' } });
  });

  it('does not take references for items: those are stored', async () => {
    const bench = await aRunnerBench({
      nodes: { m: aMap({ handler: 'h', input: { tokens: [1, TOKEN] }, items: '{% tokens %}' }) },
      handlers: { h: () => 1 },
      secrets,
    });

    const result = await bench.runMap('m');

    expect(result?.error).toMatchObject({
      code: 'INVALID_MAP_ITEMS',
      message: expect.stringContaining("'key' at [1]"),
    });
  });
});

describe('a stored value', () => {
  it.each([
    ['a transform’s', aTransform({ output: { all: '{% $globals %}' } }), 'all.token'],
    [
      'what is given for an error',
      aTask({ handler: 'h', catch: [{ errors: ['*'], output: '{% $globals %}' }] }),
      'token',
    ],
  ])('cannot be a reference: %s output', async (_whose, a, place) => {
    const bench = await aRunnerBench({
      nodes: { a },
      handlers: {
        h: () => {
          throw new Error('never works');
        },
      },
      globals: { token: TOKEN },
      secrets,
    });

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'SECRET_IN_OUTPUT' } });
    expect(result?.error?.message).toContain(` at ${place};`);
  });

  it('cannot be a reference that a handler makes', async () => {
    const { secret } = await import('../../../shared/nodes/secret.ts');
    const bench = await aSecretBench(() => ({ made: secret('other') }));

    expect((await bench.runNode('a'))?.error).toMatchObject({
      code: 'NOT_JSON',
      message: expect.stringContaining('made: is a reference'),
    });
  });

  it('is found in the cache by references, whose values may change, and not by data that looks like them', async () => {
    let calls = 0;
    let value = VALUE;
    const nodes = {
      a: aTask({ handler: 'h', input: { token: TOKEN }, cache: { ttlSeconds: 10_000 } }),
      b: aTask({ handler: 'h', input: '{% $input %}', cache: { ttlSeconds: 10_000 } }),
    };
    const bench = await aRunnerBench({
      nodes,
      handlers: { h: () => ++calls },
      secrets: () => value,
      input: { token: TOKEN },
    });

    const first = await bench.runNode('a');
    value = OTHER;
    await bench.clock.pass(SECRET_TTL_MS);
    const again = await bench.runNode('a', { visit: 2 });
    const forged = await bench.runNode('b');

    expect([first, again, forged].map((result) => result?.source)).toEqual(['handler', 'cache', 'handler']);
    expect(await bench.outputOf(forged)).toBe(2);
  });
});
