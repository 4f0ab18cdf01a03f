import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { aTask, issuesOf } from '../../support/factories.ts';

const COUNT = 10_000;
/** Far more than it takes on a busy machine; what grows with the square of the nodes takes minutes. */
const LIMIT_MS = 10_000;

const compiled = (nodes: Record<string, unknown>, overrides = {}) => {
  const startedAtMs = performance.now();
  const plan = compile({ name: 'large', nodes, ...overrides });
  return { plan, tookMs: performance.now() - startedAtMs };
};
const many = (make: (index: number) => unknown, count = COUNT) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, make(index)]));

describe('10,000 nodes compile in reasonable time', () => {
  it('as a chain', () => {
    const { tookMs } = compiled(many((index) => aTask(index === 0 ? {} : { dependsOn: [`n${index - 1}`] })));

    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('as one wide join', () => {
    const { plan, tookMs } = compiled({
      ...many(() => aTask()),
      join: aTask({ dependsOn: Array.from({ length: COUNT }, (_, index) => `n${index}`) }),
    });

    expect(plan.nodes.at(-1)?.parents.length).toBe(COUNT);
    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('where each of 40,000 looks at the first', () => {
    const { tookMs } = compiled(
      many((index) => aTask(index === 0 ? {} : { dependsOn: [`n${index - 1}`], runIf: '{% $nodes.n0 %}' }), 40_000),
    );

    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('where each looks at one half the chain away', () => {
    const node = (index: number) =>
      aTask(index === 0 ? {} : { dependsOn: [`n${index - 1}`], runIf: `{% $nodes.n${Math.floor(index / 2)} %}` });

    expect(compiled(many(node)).tookMs).toBeLessThan(LIMIT_MS);
  });

  it('as a sequence whose nodes look back', () => {
    const { tookMs } = compiled(
      many((index) => aTask(index < 9 ? {} : { runIf: `{% $nodes.n${index % 9} %}` })),
      { strategy: 'sequential' },
    );

    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it('with a cycle through all of them', () => {
    const startedAtMs = performance.now();

    const issues = issuesOf({
      name: 'large',
      nodes: many((index) => aTask({ dependsOn: [`n${(index + 1) % COUNT}`] })),
    });

    expect(issues[0]?.code).toBe('CYCLE');
    expect(performance.now() - startedAtMs).toBeLessThan(LIMIT_MS);
  });

  it('with an unknown parent each', () => {
    const startedAtMs = performance.now();

    const issues = issuesOf({ name: 'large', nodes: many((index) => aTask({ dependsOn: [`missing${index}`] })) });

    expect(issues.length).toBe(COUNT);
    expect(performance.now() - startedAtMs).toBeLessThan(LIMIT_MS);
  });
});
