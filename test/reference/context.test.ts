import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import cinemaTicket from '../../examples/reference/context.ts';
import { given } from './definitions.ts';
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
