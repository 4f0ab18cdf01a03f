import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';

/** What the recorded executions run: the outcome depends on nothing but the input and the attempt. */
export const handlers = [
  defineNode({ type: 'double', input: z.number(), output: z.number(), execute: (n) => 2 * n }),
  defineNode({
    type: 'sum',
    input: z.record(z.string(), z.number()),
    execute: (parts) => Object.values(parts).reduce((total, part) => total + part, 0),
  }),
  defineNode({
    type: 'second-try',
    input: z.number(),
    execute: (n, { attempt }) => {
      if (attempt === 1) throw Object.assign(new Error('not at the first try'), { name: 'Flaky' });
      return n + 1;
    },
  }),
  defineNode({
    type: 'odd-at-second-try',
    input: z.number(),
    execute: (n, { attempt }) => {
      if (n % 2 === 1 && attempt === 1) throw Object.assign(new Error('not at the first try'), { name: 'Flaky' });
      return n + 1;
    },
  }),
  defineNode({
    type: 'broken',
    execute: () => {
      throw Object.assign(new Error('never works'), { name: 'Broken' });
    },
  }),
  defineNode({ type: 'large', input: z.number(), execute: (n) => 'x'.repeat(20_000 + n) }),
  defineNode({ type: 'length', input: z.string(), execute: (text) => text.length }),
  defineNode({
    type: 'count-to-four',
    execute: (_input, { visit }) => NodeResult.success(visit, visit < 4 ? { nextNodeId: 'again' } : {}),
  }),
];
