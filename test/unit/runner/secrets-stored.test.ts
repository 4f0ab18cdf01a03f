import { describe, expect, it } from 'vitest';
import { SECRET_TTL_MS } from '../../../shared/runner/secret-cache.ts';
import { aTask, aTransform } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';
import { aSecretBench, OTHER, secrets, TOKEN, VALUE } from '../../support/secret-bench.ts';

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
