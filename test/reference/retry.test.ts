import { expect, it } from 'vitest';
import checkout from '../../examples/reference/retry.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const QUICK = { intervalSeconds: 0.01, backoffRate: 1 };

onBothTwins((twin) => {
  it('repeats a failed attempt, under the same idempotency key, and keeps why each one failed', async () => {
    await using service = await Service.start((request) => (request < 3 ? { status: 503 } : 'charge-1'));
    await using executor = twin.open();

    const result = await executor.execute(checkout, { card: 'ada', cents: 900, gatewayUrl: service.url });

    const { results } = await executor.get(result.executionId).results();
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { chargeId: 'charge-1' } });
    expect(results[0]?.attempts.map(({ attempt, error }) => [attempt, error?.name])).toEqual([
      [1, 'GatewayBusy'],
      [2, 'GatewayBusy'],
      [3, undefined],
    ]);
    expect(new Set(service.headers.map((headers) => headers['idempotency-key'])).size).toBe(1);
  });

  it('does not repeat an error that is named as not retryable', async () => {
    await using service = await Service.start(() => ({ status: 402 }));
    await using executor = twin.open();

    const result = await executor.execute(checkout, { card: 'eve', cents: 900, gatewayUrl: service.url });

    expect(result).toMatchObject({ status: 'FAILED', error: { name: 'CardDeclined' } });
    expect(service.bodies).toHaveLength(1);
  });

  it('retries maxRetries times after the first attempt, and then fails with the last error', async () => {
    await using executor = twin.open();

    const attempts = await attemptsOf(executor, 'one-retry', {
      retry: { ...QUICK, maxRetries: 1 },
      input: { behaviour: { fail: 'Busy' } },
    });

    expect(attempts).toEqual({ status: 'FAILED', error: 'Busy', attempts: 2 });
  });

  it('retries only the errors that are named, where some are; a * stands for any ending', async () => {
    await using executor = twin.open();
    const retry = { ...QUICK, retryableErrors: ['Network*', 'Busy'] };
    const withError = (name: string) =>
      attemptsOf(executor, 'named-errors', { retry, input: { behaviour: { fail: name, untilAttempt: 1 } } });

    const [network, busy, other] = await Promise.all([
      withError('NetworkDown'),
      withError('Busy'),
      withError('BusyBody'),
    ]);

    expect(network).toEqual({ status: 'SUCCEEDED', error: undefined, attempts: 2 });
    expect(busy).toEqual({ status: 'SUCCEEDED', error: undefined, attempts: 2 });
    expect(other).toEqual({ status: 'FAILED', error: 'BusyBody', attempts: 1 });
  });

  it('goes by an error’s own mark before it goes by its name', async () => {
    await using executor = twin.open();
    const marked = (retryable: boolean, retry: object) =>
      attemptsOf(executor, 'marked-errors', {
        retry: { ...QUICK, ...retry },
        input: { behaviour: { fail: 'Busy', untilAttempt: 1, retryable } },
      });

    const [never, always] = await Promise.all([
      marked(false, { retryableErrors: ['Busy'] }),
      marked(true, { nonRetryableErrors: ['Busy'] }),
    ]);

    expect(never).toEqual({ status: 'FAILED', error: 'Busy', attempts: 1 });
    expect(always).toEqual({ status: 'SUCCEEDED', error: undefined, attempts: 2 });
  });

  it('does not happen where neither the node nor the config asks for it', async () => {
    await using executor = twin.open();

    const attempts = await attemptsOf(executor, 'no-retry', {
      input: { behaviour: { fail: 'Busy', untilAttempt: 1 } },
    });

    expect(attempts).toEqual({ status: 'FAILED', error: 'Busy', attempts: 1 });
  });

  /** Runs one node, and tells how it ended. */
  async function attemptsOf(executor: ReturnType<typeof twin.open>, name: string, node: object) {
    const definition = { name, nodes: { only: { handler: 'test.behave', ...node } } };
    const { status, error, executionId } = await executor.execute(definition, null);
    const { results } = await executor.get(executionId).results();
    const [result]: readonly (NodeResultView | undefined)[] = results;
    return { status, error: error?.name, attempts: result?.attempts.length };
  }
});
