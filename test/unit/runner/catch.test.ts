import { describe, expect, it } from 'vitest';
import { NodeResult } from '../../../shared/nodes/node-result.ts';
import { aTask } from '../../support/factories.ts';
import { anError, aRunnerBench } from '../../support/factories-runner.ts';

const aFailing = (overrides: object, definition = {}, name = 'Declined') =>
  aRunnerBench({
    nodes: { a: aTask({ handler: 'h', ...overrides }), b: aTask({ handler: 'h' }) },
    handlers: {
      h: () => {
        throw anError(name);
      },
    },
    definition,
  });
const aRoute = { strategy: 'conditional' };

describe('a catch clause', () => {
  it('turns the error into its output, and keeps it', async () => {
    const bench = await aFailing({
      catch: [{ errors: ['Declined'], output: { why: '{% $error.name & ": " & $error.message %}' } }],
    });

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'catch', error: { name: 'Declined' } });
    expect(await bench.outputOf(result)).toEqual({ why: 'Declined: Declined happened' });
  });

  it('without an output gives null', async () => {
    const bench = await aFailing({ catch: [{ errors: ['*'] }] });

    expect(await bench.outputOf(await bench.runNode('a'))).toBeNull();
  });

  it('is the first that matches', async () => {
    const bench = await aFailing({
      catch: [
        { errors: ['Other'], output: 1 },
        { errors: ['Decl*'], output: 2 },
        { errors: ['*'], output: 3 },
      ],
    });

    expect(await bench.outputOf(await bench.runNode('a'))).toBe(2);
  });

  it('that matches nothing leaves the failure', async () => {
    const bench = await aFailing({ catch: [{ errors: ['Other'] }] });

    expect(await bench.runNode('a')).toMatchObject({ status: 'FAILED', source: 'handler' });
  });

  it('comes after the fallback, and is asked for the first error', async () => {
    const bench = await aFailing({ fallback: { handler: 'h' }, catch: [{ errors: ['Declined'], output: 'caught' }] });

    expect(await bench.runNode('a')).toMatchObject({
      source: 'catch',
      error: { name: 'Declined' },
      fallbackError: { name: 'Declined' },
    });
  });

  it('whose own expression fails leaves a failure that says so and why', async () => {
    const bench = await aFailing({ catch: [{ errors: ['*'], output: '{% $error.missing %}' }] });

    expect(await bench.runNode('a')).toMatchObject({
      status: 'FAILED',
      source: 'catch',
      error: { code: 'EXPRESSION_UNDEFINED', cause: { name: 'Declined' } },
    });
  });

  it('whose own expression fails does not hold up giving up either', async () => {
    const bench = await aFailing({ catch: [{ errors: ['*'], output: '{% $error.missing %}' }] });

    await bench.runner.giveUp(bench.aMessage('a'), 5);

    expect(await bench.resultOf('a')).toMatchObject({ status: 'FAILED', error: { cause: { name: 'RunnerCrashed' } } });
  });

  it('catches an output too large to keep', async () => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'h', catch: [{ errors: ['*'], output: { code: 'too large' } }] }) },
      handlers: { h: () => 'x'.repeat(64_000_001) },
    });

    const result = await bench.runNode('a');

    expect(result).toMatchObject({ status: 'SUCCEEDED', source: 'catch', error: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(await bench.outputOf(result)).toEqual({ code: 'too large' });
  });
});

describe('a catch clause of a route', () => {
  it('goes on where it says', async () => {
    const bench = await aFailing({ catch: [{ errors: ['*'], next: 'b' }] }, aRoute);

    expect(await bench.runNode('a')).toMatchObject({ status: 'SUCCEEDED', next: 'b' });
  });

  it('goes on as the node would, where it says nothing', async () => {
    const bench = await aFailing({ next: 'b', catch: [{ errors: ['*'] }] }, aRoute);

    expect(await bench.runNode('a')).toMatchObject({ status: 'SUCCEEDED', next: 'b' });
  });

  it('may end the workflow', async () => {
    const bench = await aFailing({ next: 'b', catch: [{ errors: ['*'], next: '$end' }] }, aRoute);

    expect(await bench.runNode('a')).toMatchObject({ status: 'SUCCEEDED', next: null });
  });
});

describe('where a visit of a route goes on', () => {
  const aRouting = (returned: unknown, overrides: object) =>
    aRunnerBench({
      nodes: {
        a: aTask({ handler: 'h', mayRouteTo: ['b', 'c', 'd', 'e'], ...overrides }),
        b: aTask(),
        c: aTask(),
        d: aTask(),
        e: aTask(),
      },
      handlers: { h: () => returned },
      definition: aRoute,
    });
  const choices = [
    { when: '{% $output.n = 1 %}', next: 'c' },
    { when: '{% true %}', next: 'd' },
  ];

  it.each<[string, unknown, object, string | null]>([
    [
      'conditionalNext beats all',
      NodeResult.success({ n: 1 }, { conditionalNext: 'e', nextNodeId: 'b' }),
      { choices, next: 'b' },
      'e',
    ],
    ['nextNodeId beats choices', NodeResult.success({ n: 1 }, { nextNodeId: 'b' }), { choices, next: 'e' }, 'b'],
    ['the first true choice beats next', { n: 1 }, { choices, next: 'b' }, 'c'],
    ['a later choice counts too', { n: 2 }, { choices, next: 'b' }, 'd'],
    ['next is what is left', { n: 1 }, { next: 'b' }, 'b'],
    ['without anything it is the end', { n: 1 }, {}, null],
    ['a handler may end it', NodeResult.success(1, { nextNodeId: '$end' }), { next: 'b' }, null],
  ])('%s', async (_rule, returned, overrides, next) => {
    const bench = await aRouting(returned, overrides);

    expect(await bench.runNode('a')).toMatchObject({ status: 'SUCCEEDED', next });
  });

  it('fails with UNKNOWN_NEXT_NODE where there is no such node', async () => {
    const bench = await aRouting(NodeResult.success(1, { nextNodeId: 'constructor' }), {});

    expect(await bench.runNode('a')).toMatchObject({ status: 'FAILED', error: { code: 'UNKNOWN_NEXT_NODE' } });
  });

  it('fails where no choice is true and there is no next', async () => {
    const bench = await aRouting({ n: 1 }, { choices: [{ when: '{% false %}', next: 'b' }] });

    expect(await bench.runNode('a')).toMatchObject({ status: 'FAILED', error: { code: 'NO_CHOICE_MATCHED' } });
  });

  it('fails where a choice cannot be evaluated, also after a fallback', async () => {
    const bench = await aRunnerBench({
      nodes: {
        a: aTask({ handler: 'h', fallback: { handler: 'f' }, choices: [{ when: '{% 1 + "a" %}', next: 'a' }] }),
      },
      handlers: {
        h: () => {
          throw anError('First');
        },
        f: () => 1,
      },
      definition: aRoute,
    });

    expect(await bench.runNode('a')).toMatchObject({ status: 'FAILED', error: { code: 'EXPRESSION_FAILED' } });
  });

  it('may be caught: an unknown node goes on at the clause’s', async () => {
    const bench = await aRouting(NodeResult.success(1, { nextNodeId: 'nowhere' }), {
      catch: [{ errors: ['UnknownNextNode'], next: 'e' }],
    });

    expect(await bench.runNode('a')).toMatchObject({ status: 'SUCCEEDED', source: 'catch', next: 'e' });
  });
});
