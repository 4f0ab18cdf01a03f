import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { aTask, issuesOf } from '../../support/factories.ts';

const COUNT = 10_000;
/** What grows with the square of the nodes takes far longer, on any machine. */
const timeout = 120_000;

const compiled = (nodes: Record<string, unknown>, overrides = {}) =>
  compile({ name: 'large', nodes, ...overrides }).nodes;
const many = (make: (index: number) => unknown, count = COUNT) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, make(index)]));

describe('10,000 nodes compile before anybody loses patience', { timeout }, () => {
  it('as a chain', () => {
    const nodes = compiled(many((index) => aTask(index === 0 ? {} : { dependsOn: [`n${index - 1}`] })));

    expect(nodes).toHaveLength(COUNT);
  });

  it('as one wide join', () => {
    const nodes = compiled({
      ...many(() => aTask()),
      join: aTask({ dependsOn: Array.from({ length: COUNT }, (_, index) => `n${index}`) }),
    });

    expect(nodes.at(-1)?.parents.length).toBe(COUNT);
  });

  it('where each of 40,000 looks at the first', () => {
    const nodes = compiled(
      many((index) => aTask(index === 0 ? {} : { dependsOn: [`n${index - 1}`], runIf: '{% $nodes.n0 %}' }), 40_000),
    );

    expect(nodes).toHaveLength(40_000);
  });

  it('where each looks at one half the chain away', () => {
    const node = (index: number) =>
      aTask(index === 0 ? {} : { dependsOn: [`n${index - 1}`], runIf: `{% $nodes.n${Math.floor(index / 2)} %}` });

    expect(compiled(many(node))).toHaveLength(COUNT);
  });

  it('as a sequence whose nodes look back', () => {
    const nodes = compiled(
      many((index) => aTask(index < 9 ? {} : { runIf: `{% $nodes.n${index % 9} %}` })),
      { strategy: 'sequential' },
    );

    expect(nodes).toHaveLength(COUNT);
  });

  it('with a cycle through all of them', () => {
    const issues = issuesOf({
      name: 'large',
      nodes: many((index) => aTask({ dependsOn: [`n${(index + 1) % COUNT}`] })),
    });

    expect(issues[0]?.code).toBe('CYCLE');
  });

  it('with an unknown parent each', () => {
    const issues = issuesOf({ name: 'large', nodes: many((index) => aTask({ dependsOn: [`missing${index}`] })) });

    expect(issues.length).toBe(COUNT);
  });
});
