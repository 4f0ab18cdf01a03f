import { expect, it } from 'vitest';
import invoice from '../../examples/reference/sequential.ts';
import { failing, given } from './definitions.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('runs nodes in the order in which they are written, each on the output of the one before', async () => {
    await using executor = twin.open();

    const result = await executor.execute(invoice, { lines: [{ item: 'lamp', quantity: 3, priceCents: 4_000 }] });

    expect(result.nodeExecutionOrder).toEqual(['addUp', 'discount', 'tax']);
    expect(result).toMatchObject({ success: true, status: 'SUCCEEDED', output: { netCents: 11_400, taxCents: 2_166 } });
  });

  it('gives the first node the input of the workflow, and a node that maps its own input that', async () => {
    await using executor = twin.open();

    const { executionId } = await executor.execute(
      {
        name: 'given-in-sequence',
        strategy: 'sequential',
        nodes: { first: given(), own: given({ input: { both: '{% [$nodes.first, $input] %}' } }), last: given() },
      },
      'begin',
    );

    const { results } = await executor.get(executionId).results({ withOutputs: true });
    expect(Object.fromEntries(results.map(({ nodeId, output }) => [nodeId, output]))).toEqual({
      first: 'begin',
      own: { both: ['begin', 'begin'] },
      last: { both: ['begin', 'begin'] },
    });
  });

  it('ends with the first node that fails: nothing behind it starts', async () => {
    await using executor = twin.open();

    const result = await executor.execute(
      {
        name: 'broken-sequence',
        strategy: 'sequential',
        nodes: { first: given(), broken: failing('Broken'), last: given() },
      },
      'begin',
    );

    expect(result).toMatchObject({
      success: false,
      status: 'FAILED',
      failedNode: 'broken',
      error: { name: 'Broken' },
      nodeExecutionOrder: ['first', 'broken'],
      partialResults: { first: 'begin' },
    });
  });
});
