import { describe, expect, it } from 'vitest';
import { SECRET_TTL_MS } from '../../../shared/runner/secret-cache.ts';
import { aSecretBench, OTHER, TOKEN, VALUE } from '../../support/secret-bench.ts';

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
