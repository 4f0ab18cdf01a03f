import { END_TARGET } from '../../shared/model/definition.ts';
import { edgeLabel, type GraphEdge, type GraphNode, nodeDetails, type WorkflowGraph } from './workflow-graph.ts';

/** How a diagram is laid out: from the top down, or from the left to the right. */
export type Direction = 'TD' | 'LR';

/**
 * A workflow as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html). Nodes are called `n0`, `n1`, …
 * there, since ids like `end` mean something to Mermaid; their own ids are the labels.
 */
export function toMermaid({ nodes, edges, start }: WorkflowGraph, direction: Direction = 'TD'): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const nameOf = (id: string): string => (id === END_TARGET ? 'finish' : (names.get(id) ?? ''));
  const ends = edges.some(({ to }) => to === END_TARGET) ? ['  finish((("end")))'] : [];
  const lines = [
    `flowchart ${direction}`,
    ...nodes.map((node) => `  ${nameOf(node.id)}${shaped(node)}`),
    ...(start === undefined ? [] : ['  begin(("start"))', ...ends, `  begin --> ${nameOf(start)}`]),
    ...edges.map((edge) => `  ${nameOf(edge.from)} ${arrow(edge)} ${nameOf(edge.to)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Text as a quoted label: all that could mean something to Mermaid, HTML or KaTeX (`$$`) stands as its character code. */
export const label = (text: string): string =>
  `"${text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[^\p{L}\p{N} .,_()/|[\]=!'?+*$-]|\$(?=\$)/gu, (character) => `#${character.codePointAt(0)};`)}"`;

function shaped(node: GraphNode): string {
  const text = `"${[node.id, ...nodeDetails(node)].map((line) => label(line).slice(1, -1)).join('<br/>')}"`;
  return { task: `[${text}]`, map: `[[${text}]]`, transform: `[/${text}/]`, choice: `{${text}}` }[node.type];
}

function arrow(edge: GraphEdge): string {
  const text = edgeLabel(edge);
  const isExceptional = edge.kind === 'handler' || edge.kind === 'catch';
  return `${isExceptional ? '-.->' : '-->'}${text === undefined ? '' : `|${label(text)}|`}`;
}
