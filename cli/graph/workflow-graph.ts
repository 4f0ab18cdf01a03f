import * as z from 'zod';
import type { Plan, PlanNode } from '../../shared/core/plan.ts';
import { END_TARGET, Strategy, TriggerRule } from '../../shared/model/definition.ts';

const said = <Schema extends z.ZodType>(schema: Schema, description: string): Schema => schema.meta({ description });

export const GraphNode = z.object({
  id: z.string(),
  type: z.enum(['task', 'map', 'transform', 'choice']),
  description: z.string().optional(),
  handler: said(z.string().optional(), 'of a task or a map'),
  fallback: said(z.string().optional(), 'the handler run once when the retries are used up'),
  runIf: said(z.string().optional(), 'the condition without its {% %}; if it is false, the node is skipped'),
});
export type GraphNode = z.infer<typeof GraphNode>;

export const GraphEdge = z.object({
  from: said(z.string(), 'a node id'),
  to: said(z.string(), `a node id, or ${END_TARGET}`),
  kind: said(
    z.enum(['dependency', 'next', 'choice', 'otherwise', 'handler', 'catch']),
    'dependency: `to` waits for `from`. The others are ways on of a conditional workflow: always; where a condition is ' +
      'true; where none was; where the handler says so; where an error was caught',
  ),
  rule: said(TriggerRule.optional(), 'of a dependency: what must hold of all that `to` waits for, unless all_success'),
  when: said(z.string().optional(), 'of a choice: its condition without its {% %}'),
  errors: said(z.array(z.string()).optional(), 'of a catch: names of errors; * stands for any ending'),
});
export type GraphEdge = z.infer<typeof GraphEdge>;

/** A workflow as nodes and what leads from one to the other: what every way of drawing it has in common. */
export const WorkflowGraph = z.object({
  workflow: z.string(),
  description: z.string().optional(),
  strategy: Strategy,
  start: said(z.string().optional(), 'of a conditional workflow: the first node'),
  nodes: said(z.array(GraphNode), 'as they are written'),
  edges: z.array(GraphEdge),
});
export type WorkflowGraph = z.infer<typeof WorkflowGraph>;

export function toWorkflowGraph(plan: Plan): WorkflowGraph {
  const { name, description, strategy } = plan.definition;
  return {
    workflow: name,
    ...(description !== undefined && { description }),
    strategy,
    ...(plan.kind === 'route' && { start: idAt(plan, plan.start) }),
    nodes: plan.nodes.map(toNode),
    edges: plan.nodes.flatMap((node) => (plan.kind === 'graph' ? dependencies(plan, node) : ways(node))),
  };
}

/** What an edge says of itself; `undefined`: nothing, it is taken in any case. */
export function edgeLabel({ kind, rule, when, errors = [] }: GraphEdge): string | undefined {
  switch (kind) {
    case 'dependency':
      return rule;
    case 'choice':
      return when;
    case 'catch':
      return `on ${errors.join(', ')}`;
    case 'next':
      return undefined;
    default:
      return kind;
  }
}

/** What stands in a node below its id. */
export const nodeDetails = ({ type, handler, fallback, runIf }: GraphNode): string[] => [
  ...(type === 'map' ? [`map of ${handler}`] : type === 'transform' ? [type] : handler === undefined ? [] : [handler]),
  ...(fallback === undefined ? [] : [`else ${fallback}`]),
  ...(runIf === undefined ? [] : [`if ${runIf}`]),
];

const idAt = ({ nodes }: Plan, index: number): string => nodes[index]?.id ?? '';

function toNode({ id, definition }: PlanNode): GraphNode {
  const { type, description, runIf } = definition;
  return {
    id,
    type,
    ...(description !== undefined && { description }),
    ...('handler' in definition && { handler: definition.handler }),
    ...('fallback' in definition && definition.fallback !== undefined && { fallback: definition.fallback.handler }),
    ...(runIf !== undefined && { runIf: condition(runIf) }),
  };
}

/** `{% $output.ok %}` without its brackets. */
const condition = (expression: string): string => expression.replace(/^\{%\s*/, '').replace(/\s*%\}$/, '');

const dependencies = (plan: Plan, { id, parents, definition: { triggerRule } }: PlanNode): GraphEdge[] =>
  parents.map((parent) => ({
    from: idAt(plan, parent),
    to: id,
    kind: 'dependency',
    ...(triggerRule !== undefined && triggerRule !== 'all_success' && { rule: triggerRule }),
  }));

function ways({ id: from, definition }: PlanNode): GraphEdge[] {
  const { choices = [], next, mayRouteTo = [] } = definition;
  const catches = 'catch' in definition ? (definition.catch ?? []) : [];
  // After choices that all failed there is no end: without `next` the node fails.
  const last = next ?? (choices.length === 0 ? END_TARGET : undefined);
  return [
    ...choices.map(({ when, next: to }): GraphEdge => ({ from, to, kind: 'choice', when: condition(when) })),
    ...(last === undefined ? [] : [{ from, to: last, kind: choices.length === 0 ? 'next' : 'otherwise' } as const]),
    ...mayRouteTo.map((to): GraphEdge => ({ from, to, kind: 'handler' })),
    ...catches.flatMap(({ errors, next: to }): GraphEdge[] =>
      to === undefined ? [] : [{ from, to, kind: 'catch', errors }],
    ),
  ];
}
