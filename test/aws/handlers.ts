import * as z from 'zod';
import { handlers as examples } from '../../examples/handlers.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';

/** What a stack that is verified runs: the examples, and handlers that wait and fail as they are told. */
export const handlers = [
  ...examples,
  defineNode({ type: 'verify.echo', output: z.unknown(), execute: (value: unknown) => value }),
  defineNode({
    type: 'verify.sum',
    input: z.record(z.string(), z.number()),
    output: z.number(),
    execute: (parts) => Object.values(parts).reduce((sum, part) => sum + part, 0),
  }),
  defineNode({
    type: 'verify.failBefore',
    input: z.object({ ms: z.number() }),
    output: z.string(),
    execute: ({ ms }) => {
      if (Date.now() < ms) throw new Error(`It is too early, by ${ms - Date.now()} ms`);
      return 'late enough';
    },
  }),
];
