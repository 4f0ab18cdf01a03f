import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import cinemaTicket from '../../examples/reference/context.ts';
import { WorkflowContext } from '../../shared/executor/workflow-context.ts';
import { failing, given } from './definitions.ts';
import { onBothTwins } from './twins.ts';

const globals = { cinema: 'Lux', prices: { adult: 12, child: 7 } };

onBothTwins((twin) => {
  it('lets nodes read the globals, the workflow’s input and the results of earlier nodes', async () => {
    await using executor = twin.open();
    const executionId = randomUUID();

    const result = await executor.execute(cinemaTicket, { film: 'Metropolis', age: 9 }, { executionId, globals });

    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { ticket: `Lux: Metropolis, 7 €, order ${executionId}` },
    });
  });

  it('can be given as a WorkflowContext, whose id names the execution and whose globals nobody changes', async () => {
    await using executor = twin.open();
    const context = new WorkflowContext(randomUUID(), { globals });

    const result = await executor.execute(cinemaTicket, { film: 'Metropolis', age: 30 }, context);

    expect(result).toMatchObject({ executionId: context.id, output: { node: 'print' } });
    expect(result.context).toMatchObject({ id: context.id, globals });
    expect(() => Object.assign(context.globals, { cinema: 'Rex' })).toThrow(TypeError);
  });

  it('of a result has how each node ended, by id, with outputs of any size', async () => {
    await using executor = twin.open();
    const large = 'x'.repeat(20_000);

    const { context } = await executor.execute(
      {
        name: 'context-of-a-result',
        nodes: {
          small: given(),
          large: given({ input: large }),
          bad: failing('Bad', { dependsOn: ['small', 'large'] }),
        },
      },
      'begin',
    );

    expect(context.nodeResults).toMatchObject({
      small: { status: 'SUCCEEDED', output: 'begin' },
      large: { status: 'SUCCEEDED' },
      bad: { status: 'FAILED', error: { name: 'Bad' } },
    });
    expect(await context.output('large')).toBe(large);
    expect(await context.output('nobody')).toBeUndefined();
  });

  it('tells a handler which execution, node and attempt it works for', async () => {
    await using executor = twin.open();

    const result = await executor.execute(cinemaTicket, { film: 'Metropolis', age: 30 }, { globals });

    expect(result.output).toMatchObject({
      node: 'print',
      attempt: 1,
      number: `${result.executionId}/print/1`,
    });
  });

  it('checks a handler’s input and output by its schemas', async () => {
    await using executor = twin.open();

    const result = await executor.execute(
      { name: 'wrong-input', nodes: { print: { handler: 'cinema.print' } } },
      { film: 'Metropolis', euros: 'seven' },
    );

    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'INVALID_NODE_INPUT' } });
    expect(result.error?.message).toContain('euros');
  });

  it('carries values of any size: inputs, globals and outputs', async () => {
    await using executor = twin.open();
    const large = 'x'.repeat(1_000_000);

    const result = await executor.execute(
      {
        name: 'large-values',
        nodes: {
          first: given({ input: { value: '{% $ %}', global: '{% $globals.large %}' } }),
          last: given({ dependsOn: ['first'] }),
        },
      },
      large,
      { globals: { large } },
    );

    expect(result.status).toBe('SUCCEEDED');
    expect(result.output).toEqual({ value: large, global: large });
  });
});
