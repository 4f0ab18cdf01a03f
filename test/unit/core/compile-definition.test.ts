import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { aDefinition, aMap, aPlan, aTask, aTransform, issuesOf } from '../../support/factories.ts';

const codesAndPaths = (definition: unknown) => issuesOf(definition).map(({ code, path }) => `${code} ${path}`);

describe('compile refuses', () => {
  it.each([
    ['no nodes', aDefinition({}), 'NO_NODES nodes'],
    ['an unknown parent', aDefinition({ a: aTask({ dependsOn: ['b'] }) }), 'UNKNOWN_NODE nodes.a.dependsOn[0]'],
    [
      'a parent that is named twice',
      aDefinition({ a: aTask(), b: aTask({ dependsOn: ['a', 'a'] }) }),
      'DUPLICATE_NODE nodes.b.dependsOn[1]',
    ],
    [
      'a trigger rule without parents',
      aDefinition({ a: aTask({ triggerRule: 'all_done' }) }),
      'NO_DEPENDENCIES nodes.a.triggerRule',
    ],
    [
      'an unknown next',
      aDefinition({ a: aTask({ next: 'b' }) }, { strategy: 'conditional' }),
      'UNKNOWN_NODE nodes.a.next',
    ],
    [
      'an unknown choice',
      aDefinition({ a: aTask({ choices: [{ when: '{% true %}', next: 'b' }] }) }, { strategy: 'conditional' }),
      'UNKNOWN_NODE nodes.a.choices[0].next',
    ],
    [
      'an unknown catch target',
      aDefinition({ a: aTask({ catch: [{ errors: ['*'], next: 'b' }] }) }, { strategy: 'conditional' }),
      'UNKNOWN_NODE nodes.a.catch[0].next',
    ],
    [
      'an unknown mayRouteTo',
      aDefinition({ a: aTask({ mayRouteTo: ['b'] }) }, { strategy: 'conditional' }),
      'UNKNOWN_NODE nodes.a.mayRouteTo[0]',
    ],
    ['an unknown start', aDefinition({ a: aTask() }, { strategy: 'conditional', start: 'b' }), 'UNKNOWN_NODE start'],
    [
      'a node nothing leads to',
      aDefinition({ a: aTask(), b: aTask() }, { strategy: 'conditional' }),
      'UNREACHABLE_NODE nodes.b',
    ],
    ['next in a graph', aDefinition({ a: aTask({ next: 'a' }) }), 'WRONG_STRATEGY nodes.a.next'],
    [
      'dependsOn in a sequence',
      aDefinition({ a: aTask(), b: aTask({ dependsOn: ['a'] }) }, { strategy: 'sequential' }),
      'WRONG_STRATEGY nodes.b.dependsOn',
    ],
    [
      'triggerRule in a route',
      aDefinition({ a: aTask({ triggerRule: 'all_done' }) }, { strategy: 'conditional' }),
      'WRONG_STRATEGY nodes.a.triggerRule',
    ],
    [
      'choices in a graph',
      aDefinition({ a: aTask({ choices: [{ when: '{% true %}', next: 'a' }] }) }),
      'WRONG_STRATEGY nodes.a.choices',
    ],
    ['mayRouteTo in a graph', aDefinition({ a: aTask({ mayRouteTo: ['a'] }) }), 'WRONG_STRATEGY nodes.a.mayRouteTo'],
    [
      'a choice in a graph',
      aDefinition({ a: { type: 'choice', choices: [{ when: '{% true %}', next: 'a' }] } }),
      'WRONG_STRATEGY nodes.a.type',
    ],
    [
      'a catch target in a graph',
      aDefinition({ a: aTask({ catch: [{ errors: ['*'], next: 'a' }] }) }),
      'WRONG_STRATEGY nodes.a.catch[0].next',
    ],
    ['a start of a graph', aDefinition({ a: aTask() }, { start: 'a' }), 'WRONG_STRATEGY start'],
    [
      'maxVisits of a sequence',
      aDefinition({ a: aTask() }, { strategy: 'sequential', maxVisits: 3 }),
      'WRONG_STRATEGY maxVisits',
    ],
    [
      'a node id of __proto__',
      JSON.parse('{"name":"a","nodes":{"__proto__":{"handler":"h"},"b":{"handler":"h"}}}'),
      'INVALID_VALUE nodes.__proto__',
    ],
    ['a node id with a space', aDefinition({ 'a b': aTask() }), 'INVALID_VALUE nodes.a b'],
    ['an empty node id', aDefinition({ '': aTask() }), 'INVALID_VALUE nodes.'],
    ['an unknown field', aDefinition({ a: aTask({ retries: 3 }) }), 'INVALID_VALUE nodes.a'],
    ['an unknown type', aDefinition({ a: { type: 'wait' } }), 'INVALID_VALUE nodes.a.type'],
    ['a task without a handler', aDefinition({ a: {} }), 'INVALID_VALUE nodes.a.handler'],
    ['a transform without an output', aDefinition({ a: { type: 'transform' } }), 'INVALID_VALUE nodes.a.output'],
    [
      'a choice without choices',
      aDefinition({ a: { type: 'choice', choices: [] } }, { strategy: 'conditional' }),
      'INVALID_VALUE nodes.a.choices',
    ],
    [
      'no parallel nodes',
      aDefinition({ a: aTask() }, { config: { maxParallelNodes: 0 } }),
      'INVALID_VALUE config.maxParallelNodes',
    ],
    [
      'an endless timeout',
      aDefinition({ a: aTask() }, { config: { timeoutSeconds: 1e12 } }),
      'INVALID_VALUE config.timeoutSeconds',
    ],
    ['a timeout of nothing', aDefinition({ a: aTask({ timeoutSeconds: 0 }) }), 'INVALID_VALUE nodes.a.timeoutSeconds'],
    [
      'a retry of what is never retried',
      aDefinition({ a: aTask({ retry: { retryableErrors: ['Busy'], nonRetryableErrors: ['Bu*'] } }) }),
      'CONTRADICTORY_RETRY nodes.a.retry.retryableErrors[0]',
    ],
    [
      'no retries of named errors',
      aDefinition({ a: aTask({ retry: { maxRetries: 0, retryableErrors: ['Busy'] } }) }),
      'CONTRADICTORY_RETRY nodes.a.retry.maxRetries',
    ],
    [
      'retries of no error',
      aDefinition({ a: aTask({ retry: { maxRetries: 2, retryableErrors: [] } }) }),
      'CONTRADICTORY_RETRY nodes.a.retry.retryableErrors',
    ],
    [
      'half a retry',
      aDefinition({ a: aTask({ retry: { maxRetries: 0.5 } }) }),
      'INVALID_VALUE nodes.a.retry.maxRetries',
    ],
    [
      'a longest delay below the first',
      aDefinition({ a: aTask({ retry: { intervalSeconds: 10, maxDelaySeconds: 5 } }) }),
      'INVALID_VALUE nodes.a.retry.maxDelaySeconds',
    ],
    ['a chunk of nothing', aDefinition({ a: aMap({ chunkSize: 0 }) }), 'INVALID_VALUE nodes.a.chunkSize'],
    [
      'over a hundred percent',
      aDefinition({ a: aMap({ toleratedFailurePercentage: 101 }) }),
      'INVALID_VALUE nodes.a.toleratedFailurePercentage',
    ],
    ['a name with a slash', aDefinition({ a: aTask() }, { name: 'a/b' }), 'INVALID_VALUE name'],
  ])('%s', (_what, definition, issue) => {
    expect(codesAndPaths(definition)).toContain(issue);
  });

  it.each([[undefined], [null], [42], ['a'], [[]], [{}]])('%j as a definition', (definition) => {
    expect(issuesOf(definition).length).toBeGreaterThan(0);
  });

  it('a cycle, and shows its path', () => {
    const definition = aDefinition({
      a: aTask({ dependsOn: ['c'] }),
      b: aTask({ dependsOn: ['a'] }),
      c: aTask({ dependsOn: ['b'] }),
    });

    const [issue] = issuesOf(definition);

    expect(issue?.code).toBe('CYCLE');
    expect(issue?.message).toMatch(/a → b → c → a|b → c → a → b|c → a → b → c/);
  });

  it('a node that depends on itself', () => {
    expect(issuesOf(aDefinition({ a: aTask({ dependsOn: ['a'] }) }))[0]?.message).toContain('a → a');
  });

  it('everything at once, not only the first', () => {
    const definition = aDefinition({ a: aTask({ dependsOn: ['x'] }), b: aTask({ dependsOn: ['y'], next: 'z' }) });

    expect(issuesOf(definition).length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['deep', { a: aTransform({ output: nested(1_000) }) }],
    ['very deep', { a: aTransform({ output: nested(50_000) }) }],
  ])('%s nesting, as an issue of the definition', (_how, nodes) => {
    expect(codesAndPaths(aDefinition(nodes))[0]).toMatch(/^NOT_JSON nodes\.a\.output/);
  });

  it('a mapping that contains itself, as YAML anchors can', () => {
    const output: unknown[] = [];
    output.push(output);

    expect(issuesOf({ name: 'a', nodes: { a: { type: 'transform', output } } })[0]?.message).toContain('cycle');
  });
});

describe('compile takes', () => {
  it('node ids that every object inherits', () => {
    const plan = aPlan({
      constructor: aTask(),
      toString: aTask({ dependsOn: ['constructor'] }),
      valueOf: aTask({ input: { is: '{% 1 %}' } }),
    });

    expect(plan.nodes.map(({ id, parents }) => [id, parents])).toEqual([
      ['constructor', []],
      ['toString', [0]],
      ['valueOf', []],
    ]);
  });

  it('unknown ids that every object inherits as unknown', () => {
    expect(codesAndPaths(aDefinition({ a: aTask({ dependsOn: ['constructor'] }) }))).toEqual([
      'UNKNOWN_NODE nodes.a.dependsOn[0]',
    ]);
  });

  it('a definition in whatever order its keys are written, with the same hash', () => {
    const one = aPlan({ a: { handler: 'h', timeoutSeconds: 5 } });
    const other = aPlan({ a: { timeoutSeconds: 5, handler: 'h', type: 'task' } });

    expect(other.hash).toBe(one.hash);
  });

  it('a definition with the hash it ever had, by which stored executions find it', () => {
    const input = { 10: 'zehn', 9: '{% $input %}', ä: [1, { z: null, a: -0 }] };

    const plan = aPlan(
      { b: aTask({ handler: 'h', input }), a: aTransform({ output: 1.5, dependsOn: ['b'] }) },
      { name: 'kept', config: { maxParallelNodes: 3 } },
    );

    expect(plan.hash).toBe('7a6db208780da7696b4b436bab133854b98521102e0af204b9aedd590a14558d');
  });

  it('its own result again, with the same hash', () => {
    const plan = aPlan({ a: aTask({ retry: {} }), b: aMap({ dependsOn: ['a'] }) }, { config: { maxParallelNodes: 3 } });

    const again = aPlan(JSON.parse(JSON.stringify(plan.definition)).nodes, { config: { maxParallelNodes: 3 } });

    expect(again.hash).toBe(plan.hash);
  });

  it('another order of nodes as another definition: states name nodes by their place', () => {
    expect(aPlan({ a: aTask(), b: aTask() }).hash).not.toBe(aPlan({ b: aTask(), a: aTask() }).hash);
  });

  it('an exception from the errors that are retried', () => {
    const retry = { retryableErrors: ['Http*'], nonRetryableErrors: ['Http404'] };

    expect(issuesOf(aDefinition({ a: aTask({ retry }) }))).toEqual([]);
  });

  it('a retry that contradicts itself, if it was started before there was a rule against it', () => {
    const definition = aDefinition({ a: aTask({ retry: { maxRetries: 0, retryableErrors: ['Busy'] } }) });

    expect(compile(definition, { isStored: true }).nodes).toHaveLength(1);
  });

  it('a config that says one thing, and leaves the others to the executor', () => {
    expect(aPlan({ a: aTask() }, { config: { timeoutSeconds: 4 } }).definition.config).toEqual({ timeoutSeconds: 4 });
  });

  it('the sinks and roots of a graph', () => {
    const plan = aPlan({
      d: aTask({ dependsOn: ['b', 'c'] }),
      b: aTask({ dependsOn: ['a'] }),
      c: aTask(),
      a: aTask(),
      e: aTask(),
    });

    expect(plan.kind === 'graph' && { sinks: plan.sinks, roots: plan.roots }).toEqual({
      sinks: [0, 4],
      roots: [2, 3, 4],
    });
  });
});

function nested(depth: number): never {
  let value: unknown = 1;
  for (let at = 0; at < depth; at++) value = [value];
  return value as never;
}
