import { expect, it } from 'vitest';
import convertPrice from '../../examples/reference/fallback.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('is not called where the handler succeeds', async () => {
    await using service = await Service.start(() => '0.9');
    await using executor = twin.open();

    const result = await executor.execute(convertPrice, { dollars: 10, bankUrl: service.url });

    const { results } = await executor.get(result.executionId).results();
    expect(result.output).toEqual({ euros: 9 });
    expect(results).toMatchObject([{ nodeId: 'convert', source: 'handler' }]);
    expect(results[0]?.error).toBeUndefined();
  });

  it('takes the handler’s place under the node’s own id, with the same input; the first error is kept', async () => {
    await using service = await Service.start(() => ({ status: 500 }));
    await using executor = twin.open();

    const result = await executor.execute(convertPrice, { dollars: 10, bankUrl: service.url, lastKnownRate: 0.8 });

    const { results } = await executor.get(result.executionId).results();
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { euros: 8 }, nodeExecutionOrder: ['convert'] });
    expect(results).toMatchObject([
      { nodeId: 'convert', source: 'fallback', error: { name: 'NoRate', message: 'The bank answered 500' } },
    ]);
  });

  it('is called once, after the retries', async () => {
    await using executor = twin.open();
    const node = {
      handler: 'test.behave',
      input: { behaviour: { fail: 'Busy', fallbackFails: 'Gone' } },
      retry: { maxRetries: 1, intervalSeconds: 0.01 },
      fallback: { handler: 'test.fallback' },
    };

    const { executionId } = await executor.execute({ name: 'fallback-once', nodes: { only: node } }, null);

    const { results } = await executor.get(executionId).results();
    expect(results[0]?.attempts.map(({ error }) => error?.name)).toEqual(['Busy', 'Busy']);
    expect(results[0]).toMatchObject({ fallbackError: { name: 'Gone' } });
  });

  it('that fails too fails the node with the first error, and both are kept', async () => {
    await using service = await Service.start(() => ({ status: 500 }));
    await using executor = twin.open();

    const result = await executor.execute(convertPrice, { dollars: 10, bankUrl: service.url });

    const { results } = await executor.get(result.executionId).results();
    expect(result).toMatchObject({ status: 'FAILED', error: { message: 'The bank answered 500' } });
    expect(results).toMatchObject([
      {
        status: 'FAILED',
        error: { name: 'NoRate', message: 'The bank answered 500' },
        fallbackError: { name: 'NoRate', message: 'No rate is known from before' },
      },
    ]);
  });
});
