import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toSvg } from '../../../cli/graph/svg.ts';
import { edgeLabel, toWorkflowGraph, WorkflowGraph } from '../../../cli/graph/workflow-graph.ts';
import { ROOT } from './cli-process.ts';
import { aPlan } from './progress-fixtures.ts';

const ROUTE = toWorkflowGraph(
  aPlan(
    {
      ask: {
        handler: 'x.ask',
        fallback: { handler: 'x.other' },
        choices: [{ when: '{% $output.ok & "<b>" %}', next: '$end' }],
        next: 'pick',
        catch: [{ errors: ['Busy*', 'Slow'], next: 'ask' }],
      },
      pick: { type: 'choice', choices: [{ when: '{% n = 1 %}', next: 'sum' }] },
      sum: { type: 'transform', output: 1, next: 'last' },
      last: { handler: 'x.last', mayRouteTo: ['ask'] },
    },
    { strategy: 'conditional', description: 'asks & picks' },
  ),
);
const GRAPH = toWorkflowGraph(
  aPlan({
    end: { handler: 'a' },
    each: { type: 'map', handler: 'b', dependsOn: ['end'] },
    sum: { type: 'transform', output: 1, dependsOn: ['end', 'each'], triggerRule: 'all_done', runIf: '{% end > 1 %}' },
  }),
);

describe('a workflow as a graph', () => {
  it('has its nodes with what they are, and what leads from one to the other', () => {
    expect(GRAPH).toEqual({
      workflow: 'example',
      strategy: 'parallel',
      nodes: [
        { id: 'end', type: 'task', handler: 'a' },
        { id: 'each', type: 'map', handler: 'b' },
        { id: 'sum', type: 'transform', runIf: 'end > 1' },
      ],
      edges: [
        { from: 'end', to: 'each', kind: 'dependency' },
        { from: 'end', to: 'sum', kind: 'dependency', rule: 'all_done' },
        { from: 'each', to: 'sum', kind: 'dependency', rule: 'all_done' },
      ],
    });
  });

  it('of a route has every way on, and where it starts', () => {
    expect(ROUTE).toMatchObject({ start: 'ask', description: 'asks & picks', strategy: 'conditional' });
    expect(ROUTE.edges).toEqual([
      { from: 'ask', to: '$end', kind: 'choice', when: '$output.ok & "<b>"' },
      { from: 'ask', to: 'pick', kind: 'otherwise' },
      { from: 'ask', to: 'ask', kind: 'catch', errors: ['Busy*', 'Slow'] },
      { from: 'pick', to: 'sum', kind: 'choice', when: 'n = 1' },
      { from: 'sum', to: 'last', kind: 'next' },
      { from: 'last', to: '$end', kind: 'next' },
      { from: 'last', to: 'ask', kind: 'handler' },
    ]);
    expect(ROUTE.edges.map(edgeLabel)).toEqual([
      '$output.ok & "<b>"',
      'otherwise',
      'on Busy*, Slow',
      'n = 1',
      undefined,
      undefined,
      'handler',
    ]);
  });

  it('is what its published schema says', () => {
    const schema = JSON.parse(readFileSync(join(ROOT, 'docs/graph.schema.json'), 'utf8'));

    for (const graph of [GRAPH, ROUTE]) expect(WorkflowGraph.parse(JSON.parse(JSON.stringify(graph)))).toEqual(graph);
    expect(schema.properties.edges.items.properties.kind.enum).toEqual([
      ...['dependency', 'next', 'choice', 'otherwise', 'handler', 'catch'],
    ]);
  });
});

describe('an SVG', () => {
  it('has every node and edge under its own name, and each type in a shape of its own', async () => {
    const svg = await toSvg(ROUTE);
    const titles = [...svg.matchAll(/<g id="(?:node|edge)\d+" class="([^"]+)">\s*<title>([^<]*)<\/title>/g)].map(
      ([, kind, title]) => [decoded(kind ?? ''), decoded(title ?? '')],
    );

    expect(titles).toEqual(
      expect.arrayContaining([
        ['node node-task', 'ask'],
        ['node node-choice', 'pick'],
        ['node node-transform', 'sum'],
        ['node node-end', '$end'],
        ['edge edge-next', '$start->ask'],
        ['edge edge-choice', 'ask->$end'],
        ['edge edge-catch', 'ask->ask'],
        ['edge edge-handler', 'last->ask'],
      ]),
    );
    expect(titles).toHaveLength(4 + 2 + ROUTE.edges.length + 1);
    expect(await toSvg(GRAPH)).toContain('class="node node&#45;map"');
  });

  it('labels edges that are taken on a condition, with what could be markup as text', async () => {
    const text = textsOf(await toSvg(ROUTE));

    expect(text).toEqual(
      expect.arrayContaining(['$output.ok & "<b>"', 'otherwise', 'on Busy*, Slow', 'n = 1', 'handler', 'else x.other']),
    );
    expect(textsOf(await toSvg(GRAPH))).toEqual(expect.arrayContaining(['all_done', 'if end > 1', 'map of b']));
  });

  it('is named to a screen reader, and dark where its surrounding is', async () => {
    const svg = await toSvg(ROUTE);

    expect(svg).toMatch(/^<svg role="img" aria-labelledby="title description"/);
    expect(svg).toContain('<title id="title">example</title>');
    expect(svg).toContain('<desc id="description">asks &amp; picks</desc>');
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg).not.toMatch(/fill="white"|<script|xlink:href/);
  });

  it('runs from the top down, or from the left to the right', async () => {
    const sizeOf = (svg: string) => /width="(\d+)pt" height="(\d+)pt"/.exec(svg)?.slice(1).map(Number) ?? [];
    const [tall = [0, 0], wide = [0, 0]] = [sizeOf(await toSvg(ROUTE)), sizeOf(await toSvg(ROUTE, 'LR'))];

    expect(tall[1]).toBeGreaterThan(tall[0] ?? 0);
    expect(wide[0]).toBeGreaterThan(wide[1] ?? 0);
  });
});

const decoded = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(lt|gt|quot|amp);/g, (_all, name: string) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name] ?? '');

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => decoded(text ?? '').trim());
