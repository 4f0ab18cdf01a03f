import type { GraphPlan, Plan, PlanNode, RoutePlan } from '../shared/core/plan.ts';
import { assertNever } from '../shared/errors.ts';
import { END_TARGET, type NodeDefinition } from '../shared/model/definition.ts';

/** How the diagram is laid out: from the top down, or from the left to the right. */
export type MermaidDirection = 'TD' | 'LR';

/**
 * A workflow as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html). Nodes are called `n0`, `n1`, …
 * there, since ids like `end` mean something to Mermaid; their own ids are the labels.
 */
export function toMermaid(plan: Plan, direction: MermaidDirection = 'TD'): string {
  const lines = [
    `flowchart ${direction}`,
    ...plan.nodes.map(nodeText),
    ...(plan.kind === 'graph' ? graphEdges(plan) : routeEdges(plan)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Text as a quoted label: all that could mean something to Mermaid, HTML or KaTeX (`$$`) stands as its character code. */
export const label = (text: string): string =>
  `"${text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[^\p{L}\p{N} .,_()/|[\]=!'?+*$-]|\$(?=\$)/gu, (character) => `#${character.codePointAt(0)};`)}"`;

/** Several lines in one label. */
const lines = (...parts: readonly (string | undefined)[]): string =>
  `"${parts.flatMap((part) => (part === undefined ? [] : [label(part).slice(1, -1)])).join('<br/>')}"`;

function nodeText({ index, id, definition }: PlanNode): string {
  const runIf = definition.runIf === undefined ? undefined : `if ${condition(definition.runIf)}`;
  return `  n${index}${shaped(id, runIf, definition)}`;
}

function shaped(id: string, runIf: string | undefined, definition: NodeDefinition): string {
  switch (definition.type) {
    case 'task':
      return `[${lines(id, definition.handler, fallbackOf(definition), runIf)}]`;
    case 'map':
      return `[[${lines(id, `map of ${definition.handler}`, fallbackOf(definition), runIf)}]]`;
    case 'transform':
      return `[/${lines(id, 'transform', runIf)}/]`;
    case 'choice':
      return `{${lines(id, runIf)}}`;
    default:
      return assertNever(definition);
  }
}

const fallbackOf = ({
  fallback,
}: {
  readonly fallback?: { readonly handler: string } | undefined;
}): string | undefined => (fallback === undefined ? undefined : `else ${fallback.handler}`);

/** `{% $output.ok %}` without its brackets. */
const condition = (expression: string): string => expression.replace(/^\{%\s*/, '').replace(/\s*%\}$/, '');

function graphEdges({ nodes }: GraphPlan): string[] {
  return nodes.flatMap(({ index, parents, definition: { triggerRule } }) => {
    const rule = triggerRule === undefined || triggerRule === 'all_success' ? '' : `|${label(triggerRule)}|`;
    return parents.map((parent) => `  n${parent} -->${rule} n${index}`);
  });
}

function routeEdges({ nodes, start, indexOf }: RoutePlan): string[] {
  const to = (target: string): string => (target === END_TARGET ? 'finish' : `n${indexOf.get(target)}`);
  const edges = nodes.flatMap(({ index, definition }) => {
    const { choices = [], next, mayRouteTo = [] } = definition;
    const catches = 'catch' in definition ? (definition.catch ?? []) : [];
    // After choices that all failed there is no end: without `next` the node fails.
    const last = next ?? (choices.length === 0 ? END_TARGET : undefined);
    return [
      ...choices.map(({ when, next: target }) => `  n${index} -->|${label(condition(when))}| ${to(target)}`),
      ...(last === undefined
        ? []
        : [`  n${index} -->${choices.length === 0 ? '' : `|${label('otherwise')}|`} ${to(last)}`]),
      ...mayRouteTo.map((target) => `  n${index} -.->|${label('handler')}| ${to(target)}`),
      ...catches.flatMap(({ errors, next: target }) =>
        target === undefined ? [] : [`  n${index} -.->|${label(`on ${errors.join(', ')}`)}| ${to(target)}`],
      ),
    ];
  });
  const ends = edges.some((edge) => edge.endsWith(' finish')) ? ['  finish((("end")))'] : [];
  return ['  begin(("start"))', ...ends, `  begin --> n${start}`, ...edges];
}
