import { describe, expect, it } from 'vitest';
import { aTask, aTransform } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';

describe('a node without a handler', () => {
  it('that is a transform gives its mapping’s value', async () => {
    const bench = await aRunnerBench({
      nodes: { t: aTransform({ output: { double: '{% n * 2 %}', as: 'is' } }) },
      input: { n: 4 },
    });

    const result = await bench.runNode('t');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'engine' });
    expect(await bench.outputOf(result)).toEqual({ double: 8, as: 'is' });
  });

  it('that is a transform of what is not there fails', async () => {
    const bench = await aRunnerBench({ nodes: { t: aTransform({ output: '{% missing %}' }) }, input: {} });

    expect(await bench.runNode('t')).toMatchObject({ status: 'FAILED', error: { code: 'EXPRESSION_UNDEFINED' } });
  });

  it('that is a choice passes its input on', async () => {
    const bench = await aRunnerBench({
      nodes: { c: { type: 'choice', choices: [{ when: '{% $output.n > 3 %}', next: 'd' }], next: '$end' }, d: aTask() },
      input: { n: 4 },
      definition: { strategy: 'conditional' },
    });

    const result = await bench.runNode('c');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'engine', next: 'd' });
    expect(await bench.outputOf(result)).toEqual({ n: 4 });
  });
});

describe('runIf', () => {
  it.each([
    ['{% true %}', 'SUCCEEDED'],
    ['{% false %}', 'SKIPPED'],
    ['{% missing %}', 'SKIPPED'],
    ['{% "" %}', 'SKIPPED'],
    ['{% [0, 0] %}', 'SKIPPED'],
    ['{% [0, 1] %}', 'SUCCEEDED'],
    ['{% {} %}', 'SKIPPED'],
    ['{% n = 4 %}', 'SUCCEEDED'],
    ['{% $globals.on %}', 'SUCCEEDED'],
    ['{% 1 + "a" %}', 'FAILED'],
  ])('%s: %s', async (runIf, status) => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', runIf }) },
      handlers: { h: () => 1 },
      input: { n: 4 },
      globals: { on: true },
    });

    expect((await bench.runNode('a'))?.status).toBe(status);
  });
});
