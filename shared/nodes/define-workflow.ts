import type { z } from 'zod';
import { compile } from '../core/compile.ts';
import type { Definition, Strategy } from '../model/definition.ts';
import type { AnyHandler } from './define-node.ts';
import type { CheckedNodes, NodeSpec, NodeSpecs, WorkflowOutput, WorkflowSpec } from './workflow-types.ts';

/** A workflow in TypeScript: its definition, with the handlers it uses. */
export interface Workflow<Input = unknown, Output = unknown, Nodes = unknown> {
  readonly definition: Definition;
  readonly handlers: readonly AnyHandler[];
  /** Checks the input when an execution starts. */
  readonly input: z.ZodType<unknown, Input> | undefined;
  /** For the compiler alone: what an execution gives. */
  readonly output?: Output;
  /** For the compiler alone: its nodes as they were written, handlers and all. */
  readonly nodes?: Nodes;
}

/**
 * Defines a workflow. The compiler refuses ids of nodes that do not exist, and a handler that does not accept what its
 * node receives (where no `input` mapping stands between).
 *
 * @throws {InvalidDefinitionError} for what the compiler cannot see: cycles, unreachable nodes, bad expressions, limits
 * @example
 * const greeting = defineWorkflow({
 *   name: 'greeting',
 *   input: z.object({ name: z.string() }),
 *   nodes: {
 *     greet: { handler: greet },
 *     shout: { handler: shout, dependsOn: ['greet'] },
 *   },
 * });
 */
export function defineWorkflow<
  const Nodes extends NodeSpecs,
  Schema extends z.ZodType = z.ZodType<unknown, unknown>,
  const S extends Strategy = 'parallel',
>(
  spec: WorkflowSpec<Nodes, Schema, S> & {
    readonly nodes: Nodes & CheckedNodes<NoInfer<Nodes>, z.output<NoInfer<Schema>>, NoInfer<S>>;
  },
): Workflow<z.input<Schema>, WorkflowOutput<Nodes, S>, Nodes> {
  const { input, nodes, ...rest } = spec;
  const specs: NodeSpecs = nodes;
  const named = Object.fromEntries(Object.entries(specs).map(([id, node]) => [id, withNames(node)]));
  return {
    definition: compile({ ...rest, nodes: named }).definition,
    handlers: [...new Set(Object.values(specs).flatMap(handlersOf))],
    // Without a schema anything goes, which is what z.ZodType<unknown, unknown> says.
    input: input as z.ZodType<unknown, z.input<Schema>> | undefined,
  };
}

function withNames(node: NodeSpec): unknown {
  if (!('handler' in node)) return node;
  const { handler, fallback, ...rest } = node;
  return {
    ...rest,
    handler: handler.type,
    ...(fallback !== undefined && { fallback: { handler: fallback.handler.type } }),
  };
}

function handlersOf(node: NodeSpec): AnyHandler[] {
  if (!('handler' in node)) return [];
  return node.fallback === undefined ? [node.handler] : [node.handler, node.fallback.handler];
}
