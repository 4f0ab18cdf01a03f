import { expect, it } from 'vitest';
import expenseClaim from '../../examples/reference/conditional.ts';
import { given } from './definitions.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('begins at start, and goes where the handler says', async () => {
    await using executor = twin.open();

    const result = await executor.execute(expenseClaim, { employee: 'Ada', cents: 1_500 });

    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      nodeExecutionOrder: ['assess', 'pay'],
      output: { assess: { cents: 1_500, needsReceipt: false }, pay: { paidCents: 1_500 } },
    });
  });

  it('visits nodes again in a loop, and gives the output of each one’s last visit', async () => {
    await using executor = twin.open();

    const result = await executor.execute(expenseClaim, { employee: 'Ada', cents: 5_000, receiptAfter: 2 });

    expect(result.nodeExecutionOrder).toEqual(['assess', 'askForReceipt', 'assess', 'askForReceipt', 'assess', 'pay']);
    expect(result.output).toMatchObject({ askForReceipt: { receipt: 'receipt of Ada' }, pay: { paidCents: 5_000 } });
  });

  it('goes where the first choice that is true says, where the handler says nothing', async () => {
    await using executor = twin.open();

    const result = await executor.execute(expenseClaim, { employee: 'Ada', cents: 200_000 });

    expect(result.nodeExecutionOrder).toEqual(['assess', 'askForReceipt', 'assess', 'review', 'pay']);
  });

  it('takes conditionalNext before nextNodeId before choices before next', async () => {
    await using executor = twin.open();
    const routed = async (to: object, isChosen: boolean) => {
      const result = await executor.execute(
        {
          name: 'precedence',
          strategy: 'conditional',
          nodes: {
            decide: {
              handler: 'test.route',
              input: '{% $.to %}',
              mayRouteTo: ['byConditionalNext', 'byNextNodeId'],
              choices: [{ when: '{% $.isChosen %}', next: 'byChoice' }],
              next: 'byNext',
            },
            byConditionalNext: given(),
            byNextNodeId: given(),
            byChoice: given(),
            byNext: given(),
          },
        },
        { to, isChosen },
      );
      return result.nodeExecutionOrder[1];
    };

    const ways = await Promise.all([
      routed({ conditionalNext: 'byConditionalNext', nextNodeId: 'byNextNodeId' }, true),
      routed({ nextNodeId: 'byNextNodeId' }, true),
      routed({}, true),
      routed({}, false),
    ]);

    expect(ways).toEqual(['byConditionalNext', 'byNextNodeId', 'byChoice', 'byNext']);
  });

  it('gives every node the input of the workflow', async () => {
    await using executor = twin.open();

    const result = await executor.execute(
      { name: 'given-by-route', strategy: 'conditional', nodes: { first: given({ next: 'last' }), last: given() } },
      'begin',
    );

    expect(result.output).toEqual({ first: 'begin', last: 'begin' });
  });

  it('fails with UNKNOWN_NEXT_NODE when a handler names a node that does not exist', async () => {
    await using executor = twin.open();

    const result = await executor.execute(
      { name: 'nowhere', strategy: 'conditional', nodes: { lost: { handler: 'test.route' } } },
      { nextNodeId: 'nowhere' },
    );

    expect(result).toMatchObject({ status: 'FAILED', failedNode: 'lost', error: { code: 'UNKNOWN_NEXT_NODE' } });
  });

  it('fails when a node would be visited more often than maxVisits', async () => {
    await using executor = twin.open();

    const result = await executor.execute(expenseClaim, { employee: 'Ada', cents: 5_000, receiptAfter: 99 });

    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'MAX_VISITS_EXCEEDED' } });
    expect(result.nodeExecutionOrder.filter((node) => node === 'assess')).toHaveLength(5);
  });
});
