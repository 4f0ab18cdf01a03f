import type { z } from 'zod';
import type { NodeContext } from './node-context.ts';
import type { NodeResult } from './node-result.ts';

/**
 * A handler: the code behind a node. Written once, used by any number of nodes of any workflow under its `type`.
 *
 * `Input` is what `execute` receives (after the schema), `Accepts` what may be handed to it (before the schema),
 * `Output` what nodes downstream receive.
 */
export interface NodeHandler<Accepts = never, Input = never, Output = unknown> {
  /** The name definitions refer to: `orders.charge`. Unique in an application. */
  readonly type: string;
  /** Changes when the handler's meaning does; part of cache keys. Default `1`. */
  readonly version: string;
  /** Checked before each attempt; a value that does not fit fails the node with `INVALID_NODE_INPUT`. */
  readonly input: z.ZodType<Input, Accepts> | undefined;
  /** Checked after each attempt; a value that does not fit fails the node with `INVALID_NODE_OUTPUT`. */
  readonly output: z.ZodType<Output> | undefined;
  execute(input: Input, context: NodeContext): Promise<Output | NodeResult<Output>> | Output | NodeResult<Output>;
}

/** A handler of any shape, as registries hold it. */
// biome-ignore lint/suspicious/noExplicitAny: variance: no other type is a supertype of every handler
export type AnyHandler = NodeHandler<any, any, any>;

/**
 * Defines a handler. Both schemas are optional; without one the value is any JSON.
 *
 * @example
 * const greet = defineNode({
 *   type: 'greet',
 *   input: z.object({ name: z.string() }),
 *   output: z.string(),
 *   execute: ({ name }) => `Hello, ${name}`,
 * });
 */
export function defineNode<Accepts, Input = Accepts, Output = unknown>(handler: {
  readonly type: string;
  readonly version?: string;
  readonly input?: z.ZodType<Input, Accepts>;
  readonly output?: z.ZodType<Output>;
  execute(input: Input, context: NodeContext): Promise<Output | NodeResult<Output>> | Output | NodeResult<Output>;
}): NodeHandler<Accepts, Input, Output> {
  return { version: '1', input: undefined, output: undefined, ...handler };
}
