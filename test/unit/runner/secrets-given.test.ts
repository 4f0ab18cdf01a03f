import { describe, expect, it } from 'vitest';
import { aMap, aTask, aTransform } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';
import { aSecretBench, OTHER, secrets, TOKEN, VALUE } from '../../support/secret-bench.ts';

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
