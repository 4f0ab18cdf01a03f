import { END_TARGET } from '../../shared/model/definition.ts';
import type { Direction } from './mermaid.ts';
import { edgeLabel, type GraphEdge, type GraphNode, nodeDetails, type WorkflowGraph } from './workflow-graph.ts';

const START = '$start';
/** Graphviz knows how wide its letters are; of a list of fonts it would guess. */
const FONT = 'Arial';
/** Characters of one line in a node or at an edge. */
const MAX_LINE = 36;

/**
 * A workflow drawn by Graphviz (https://graphviz.org), as SVG. Types of nodes differ in shape and in colour; in a dark
 * surrounding its style sheet makes it dark, and what does not know style sheets shows light nodes and lines that stand
 * out from both. Titles name the drawing, each node and each edge to a screen reader.
 */
export async function toSvg(graph: WorkflowGraph, direction: Direction = 'TD'): Promise<string> {
  // A megabyte of WebAssembly, for this alone.
  const { instance } = await import('@viz-js/viz');
  const viz = await instance();
  const svg = viz.renderString(
    {
      directed: true,
      graphAttributes: {
        rankdir: direction === 'TD' ? 'TB' : 'LR',
        bgcolor: 'transparent',
        fontname: FONT,
        nodesep: 0.35,
        ranksep: 0.5,
        pad: 0.15,
      },
      nodeAttributes: {
        fontname: FONT,
        fontsize: 12,
        fontcolor: INK,
        style: 'filled',
        penwidth: 1.2,
        margin: '0.16,0.08',
      },
      edgeAttributes: { fontname: FONT, fontsize: 10, fontcolor: LINE, color: LINE, penwidth: 1.2, arrowsize: 0.7 },
      nodes: [...graph.nodes.map(drawnNode), ...ends(graph)],
      edges: [
        ...(graph.start === undefined ? [] : [{ tail: START, head: graph.start, attributes: { class: 'edge-next' } }]),
        ...graph.edges.map(drawnEdge),
      ],
    },
    { format: 'svg', engine: 'dot' },
  );
  return accessible(svg, graph);
}

type Drawing = { readonly shape: string; readonly fill: string; readonly stroke: string; readonly dark: string };

const INK = '#1f2328';
/** Stands out from white and from black alike. */
const LINE = '#768390';

/** The last is the fill in a dark surrounding. */
const DRAWINGS: Readonly<Record<GraphNode['type'] | 'end', Drawing>> = {
  task: { shape: 'box', fill: '#ddf4ff', stroke: '#218bff', dark: '#0c2d4d' },
  map: { shape: 'box3d', fill: '#fbefff', stroke: '#a475f9', dark: '#2e1f4d' },
  transform: { shape: 'parallelogram', fill: '#dafbe1', stroke: '#2da44e', dark: '#0f3321' },
  choice: { shape: 'diamond', fill: '#fff8c5', stroke: '#bf8700', dark: '#3d2e00' },
  end: { shape: 'circle', fill: '#eaeef2', stroke: '#768390', dark: '#2d333b' },
};

const STYLE = [
  'text { white-space: pre; }',
  '@media (prefers-color-scheme: dark) {',
  `  .node text { fill: #e6edf3; }`,
  ...Object.entries(DRAWINGS).map(
    ([type, { dark }]) => `  .node-${type} polygon, .node-${type} ellipse, .node-${type} path { fill: ${dark}; }`,
  ),
  '  .edge text { fill: #8b949e; }',
  '  .edge path { stroke: #8b949e; }',
  '  .edge polygon { stroke: #8b949e; fill: #8b949e; }',
  '}',
].join('\n');

function drawnNode(node: GraphNode) {
  const { shape, fill, stroke } = DRAWINGS[node.type];
  const details = nodeDetails(node).map((line) => `<br/><font point-size="10">${escaped(shortened(line))}</font>`);
  return {
    name: node.id,
    attributes: {
      shape,
      ...(node.type === 'task' && { style: 'filled,rounded' }),
      // Their slanted sides leave room enough.
      ...((node.type === 'choice' || node.type === 'transform') && { margin: '0,0' }),
      fillcolor: fill,
      color: stroke,
      class: `node-${node.type}`,
      label: { html: `<b>${escaped(node.id)}</b>${details.join('')}` },
    },
  };
}

/** Where a conditional workflow begins and ends. */
function ends({ start, edges }: WorkflowGraph) {
  const { shape, fill, stroke } = DRAWINGS.end;
  const names = [
    ...(start === undefined ? [] : [START]),
    ...(edges.some(({ to }) => to === END_TARGET) ? [END_TARGET] : []),
  ];
  return names.map((name) => ({
    name,
    attributes: {
      shape: name === START ? shape : 'doublecircle',
      fillcolor: fill,
      color: stroke,
      class: 'node-end',
      fontsize: 10,
      margin: '0.03,0.03',
      label: name.slice(1),
    },
  }));
}

function drawnEdge(edge: GraphEdge) {
  const text = edgeLabel(edge);
  return {
    tail: edge.from,
    head: edge.to,
    attributes: {
      class: `edge-${edge.kind}`,
      ...((edge.kind === 'handler' || edge.kind === 'catch') && { style: 'dashed' }),
      ...(text !== undefined && { label: { html: `<font> ${escaped(shortened(text))} </font>` } }),
    },
  };
}

const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_LINE ? line : `${line.slice(0, MAX_LINE - 1)}…`;
};

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '');

/** Named to a screen reader, and dark where its surrounding is. */
function accessible(svg: string, { workflow, description, nodes, edges }: WorkflowGraph): string {
  const what = description ?? `${nodes.length} nodes, ${edges.length} edges`;
  const head = [
    `<title id="title">${escaped(workflow)}</title>`,
    `<desc id="description">${escaped(what)}</desc>`,
    `<style>\n${STYLE}\n</style>`,
  ].join('\n');
  return svg
    .slice(svg.indexOf('<svg'))
    .replace(
      /<svg([^>]*)>/,
      (_all, attributes: string) => `<svg role="img" aria-labelledby="title description"${attributes}>\n${head}`,
    );
}
