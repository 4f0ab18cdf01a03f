import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';

const Work = z.object({ n: z.number(), waitMs: z.number().default(0) });

/** What the tests of the local stack run. */
export const handlers = [
  defineNode({
    type: 'double',
    input: Work,
    output: z.number(),
    execute: async ({ n, waitMs }) => {
      await delay(waitMs);
      return 2 * n;
    },
  }),
  // Runs until a file is there: as long as a test needs it to, however slow the machine is.
  defineNode({
    type: 'hold',
    input: z.object({ until: z.string() }),
    output: z.number(),
    execute: async ({ until }) => {
      while (!existsSync(until)) await delay(20);
      return 0;
    },
  }),
  defineNode({
    type: 'sum',
    input: z.record(z.string(), z.number()),
    output: z.number(),
    execute: (parts) => Object.values(parts).reduce((sum, part) => sum + part, 0),
  }),
  defineNode({ type: 'crash', execute: () => process.exit(1) }),
  defineNode({
    type: 'fail',
    execute: () => {
      throw new Error('never works');
    },
  }),
  defineNode({ type: 'length', input: z.string(), output: z.number(), execute: (text) => text.length }),
  defineNode({
    type: 'text',
    input: z.object({ of: z.string(), length: z.number() }),
    output: z.string(),
    execute: ({ of, length }) => of.repeat(length),
  }),
  defineNode({ type: 'large', output: z.string(), execute: () => 'x'.repeat(20_000_000) }),
];
