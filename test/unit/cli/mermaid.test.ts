import { describe, expect, it } from 'vitest';
import { type Direction, label, toMermaid } from '../../../cli/graph/mermaid.ts';
import { toWorkflowGraph } from '../../../cli/graph/workflow-graph.ts';
import type { Plan } from '../../../shared/core/plan.ts';
import { aPlan } from './progress-fixtures.ts';

/** What Mermaid shows of a label. */
const shown = (text: string): string =>
  text.slice(1, -1).replace(/#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)));

describe('a label', () => {
  it.each([
    `$output.status = 'DONE'`,
    'a "quoted" <b>text</b> & #35; | ; `md` -->',
    '$$.total > $nodes.a.b ? {"x": 1} : [1..3] %% \\n @',
    'style:x;classDef y:z#1;',
    'Größe 日本 😀',
  ])('shows %s as it is', (text) => {
    const quoted = label(text);

    expect(shown(quoted)).toBe(text);
    expect(quoted.slice(1, -1).replace(/#\d+;/g, '')).not.toMatch(/["<>&`#;:{}%\\@]|\$\$/);
  });

  it('stands in one line', () => {
    expect(label('a\n  b')).toBe('"a b"');
  });
});

const draw = (plan: Plan, direction?: Direction): string => toMermaid(toWorkflowGraph(plan), direction);

describe('a flowchart', () => {
  it('gives each type its shape and marks maps, fallbacks and conditions', () => {
    const text = draw(
      aPlan({
        end: { handler: 'a.b', fallback: { handler: 'a.c' } },
        each: { type: 'map', handler: 'x', dependsOn: ['end'] },
        sum: {
          type: 'transform',
          output: 1,
          dependsOn: ['end', 'each'],
          triggerRule: 'all_done',
          runIf: '{% end > 1 %}',
        },
      }),
    );

    expect(text).toBe(
      [
        'flowchart TD',
        '  n0["end<br/>a.b<br/>else a.c"]',
        '  n1[["each<br/>map of x"]]',
        '  n2[/"sum<br/>transform<br/>if end #62; 1"/]',
        '  n0 --> n1',
        '  n0 -->|"all_done"| n2',
        '  n1 -->|"all_done"| n2',
        '',
      ].join('\n'),
    );
  });

  it('chains the nodes of a sequence', () => {
    const text = draw(
      aPlan({ a: { handler: 'x' }, b: { handler: 'x' }, c: { handler: 'x' } }, { strategy: 'sequential' }),
      'LR',
    );

    expect(text).toMatch(/^flowchart LR\n/);
    expect(text).toContain('  n0 --> n1\n  n1 --> n2\n');
  });

  it('shows every way a route may go, with its condition', () => {
    const text = draw(
      aPlan(
        {
          ask: {
            handler: 'x',
            choices: [{ when: '{% $output.ok %}', next: '$end' }],
            next: 'pick',
            catch: [{ errors: ['Busy*'], next: 'ask' }],
          },
          pick: { type: 'choice', choices: [{ when: '{% n = 1 %}', next: 'last' }] },
          last: { handler: 'x', mayRouteTo: ['ask'] },
        },
        { strategy: 'conditional' },
      ),
    );

    expect(text.split('\n').slice(4)).toEqual([
      '  begin(("start"))',
      '  finish((("end")))',
      '  begin --> n0',
      '  n0 -->|"$output.ok"| finish',
      '  n0 -->|"otherwise"| n1',
      '  n0 -.->|"on Busy*"| n0',
      `  n1 -->|"n = 1"| n2`,
      '  n2 --> finish',
      '  n2 -.->|"handler"| n0',
      '',
    ]);
    expect(text).toContain('  n1{"pick"}\n');
  });
});
