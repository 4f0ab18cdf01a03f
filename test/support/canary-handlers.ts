import { createHash } from 'node:crypto';
import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';

export const digestOf = (value: unknown): string => createHash('sha256').update(String(value)).digest('hex');

const Given = z.object({ token: z.string() });

/** Handlers that are given secrets: one that does as it should, and those that let them out every way they can. */
export const handlers = [
  defineNode({
    type: 'canary.use',
    input: z.object({ token: z.string(), deep: z.object({ list: z.array(z.string()) }) }),
    execute: ({ token, deep }, { globals }) => ({
      token: digestOf(token),
      deep: deep.list.map(digestOf),
      globals: digestOf(JSON.stringify(globals)),
    }),
  }),
  defineNode({
    type: 'canary.globals',
    execute: (_input, { globals }) => {
      throw new Error(`globals: ${JSON.stringify(globals)}`);
    },
  }),
  defineNode({
    type: 'canary.throw',
    input: Given,
    execute: ({ token }) => {
      const cause = new Error(`Authorization: Basic ${Buffer.from(`user:${token}`).toString('base64')}`);
      const error = new Error(
        `GET https://api.test/?key=${encodeURIComponent(token)} with ${JSON.stringify({ token })}`,
        {
          cause: new Error(`inner ${token}`, { cause }),
        },
      );
      throw Object.assign(error, { name: `Refused ${token}`, code: token });
    },
  }),
  defineNode({
    type: 'canary.throw-value',
    execute: (input: { token: string }) => {
      throw { ...input, padding: 'x'.repeat(150), again: input.token };
    },
  }),
  defineNode({
    type: 'canary.cut',
    input: Given,
    execute: ({ token }) => {
      throw new Error(`${'x'.repeat(7_950)} ${token} ${token}`);
    },
  }),
  // What it is given does not fit: the issue shows what it found.
  defineNode({ type: 'canary.misfit', input: z.object({ token: z.number() }), execute: () => null }),
  defineNode({
    type: 'canary.misfit-output',
    output: z.object({ n: z.number() }),
    execute: ({ token }: { token: string }): { n: number } => JSON.parse(JSON.stringify({ n: token })),
  }),
  defineNode({
    type: 'canary.log',
    input: Given,
    execute: ({ token }, { logger, globals }) => {
      const error = new Error(`logged ${token}`);
      logger.error(`message ${token}`, { token, error, globals, deep: [{ [token]: encodeURIComponent(token) }] });
      return 'logged';
    },
  }),
  defineNode({
    type: 'canary.return',
    execute: ({ token }: { token: string }) => ({ deep: [{ text: `is ${token}` }] }),
  }),
  defineNode({ type: 'canary.return-key', execute: ({ token }: { token: string }) => ({ [token]: 1 }) }),
  defineNode({
    type: 'canary.return-encoded',
    execute: ({ token }: { token: string }) => Buffer.from(`user:${token}`).toString('base64'),
  }),
  defineNode({
    type: 'canary.fail-with',
    execute: ({ token }: { token: string }) => NodeResult.failure(new Error(`failed with ${token}`)),
  }),
  defineNode({
    type: 'canary.item',
    input: z.object({ token: z.string(), n: z.number() }),
    execute: ({ token, n }) => {
      if (n === 1) throw new Error(`item ${n} with ${token}`);
      if (n === 2) return token;
      return digestOf(token);
    },
  }),
  defineNode({ type: 'canary.end', execute: () => 'ended' }),
];
