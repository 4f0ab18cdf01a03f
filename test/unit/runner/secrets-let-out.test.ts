import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { NodeResult } from '../../../shared/nodes/node-result.ts';
import { aSecretBench } from '../../support/secret-bench.ts';

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
