import * as z from 'zod';
import { type AnyHandler, defineNode } from '../../shared/nodes/define-node.ts';
import type { NodeContext } from '../../shared/nodes/node-context.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';
import type { HandlerTime } from './measure/critical-path.ts';

/** All that the workloads call. They do next to nothing, so that what takes time is the executor. */
export const handlers: readonly AnyHandler[] = [
  defineNode({ type: 'bench.echo', execute: (value: unknown) => value }),
  defineNode({
    type: 'bench.count',
    execute: (value: unknown) => (typeof value === 'object' && value !== null ? Object.keys(value).length : 1),
  }),
  defineNode({
    type: 'bench.again',
    input: z.int(),
    execute: (visits, { visit }) =>
      visit < visits ? NodeResult.success<number>(visit, { nextNodeId: 'again' }) : visit,
  }),
  defineNode({
    type: 'bench.sleep',
    input: z.object({ ms: z.number().min(0) }),
    execute: async ({ ms }) => {
      // A timer of 0 takes one millisecond.
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      return null;
    },
  }),
];

/** The handlers, each telling when it ran, by `performance.now()`. */
export function timedHandlers(onTime: (context: NodeContext, time: HandlerTime) => void): AnyHandler[] {
  return handlers.map((handler) => ({
    ...handler,
    async execute(input: unknown, context: NodeContext) {
      const startedMs = performance.now();
      const output: unknown = await handler.execute(input, context);
      onTime(context, { startedMs, endedMs: performance.now() });
      return output;
    },
  }));
}
