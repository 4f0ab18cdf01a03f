import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { type AnyHandler, defineNode } from '../../shared/nodes/define-node.ts';

const POLL_MS = 20;

/** Handlers of which it shows by whose code they were run. */
export const handlersOf = (version: string): AnyHandler[] => [
  defineNode({ type: 'version', execute: () => version }),
  defineNode({
    type: 'version-or-fail',
    execute: (_input, { attempt }) => {
      if (attempt === 1) throw new Error('not at the first try');
      return version;
    },
  }),
  /** Waits until a file is there. */
  defineNode({
    type: 'hold',
    input: z.object({ until: z.string() }),
    execute: async ({ until }, { signal }) => {
      while (!existsSync(until)) await delay(POLL_MS, undefined, { signal });
      return version;
    },
  }),
];
