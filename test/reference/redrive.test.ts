import { expect, it } from 'vitest';
import closeMonth from '../../examples/reference/redrive.ts';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const RATES = '{"EUR":1,"USD":0.9}';
const month = (ratesUrl: string) => ({ month: '2026-02', accounts: { EUR: 100, USD: 50 }, ratesUrl });

/** By node: the run its result is of, and when it ended. */
async function runsOf(handle: ExecutionHandle<unknown>) {
  const { results } = await handle.results();
  return Map.groupBy(results, ({ nodeId }) => nodeId);
}

onBothTwins((twin) => {
  it('runs a failed execution on from what failed, and keeps every result that stands', async () => {
    await using service = await Service.start((request) => (request === 1 ? { status: 503 } : RATES));
    await using executor = twin.open();
    const handle = await executor.start(closeMonth, month(service.url));
    const failed = await handle.result();

    await handle.redrive();
    const redriven = await handle.result();

    expect(failed).toMatchObject({ status: 'FAILED', failedNode: 'rates', error: { name: 'RatesMissing' } });
    expect(redriven).toMatchObject({ status: 'SUCCEEDED', error: undefined, output: { euros: 145 } });
    expect(service.bodies).toHaveLength(2);
    const runs = await runsOf(handle);
    expect(runs.get('trialBalance')?.map(({ run }) => run)).toEqual([1]);
    expect(runs.get('rates')?.map(({ run, status }) => [run, status])).toEqual([
      [1, 'FAILED'],
      [2, 'SUCCEEDED'],
    ]);
  });

  it('runs a cancelled execution on', async () => {
    await using service = await Service.start((request) => (request === 1 ? new Promise(() => undefined) : RATES));
    await using executor = twin.open();
    const handle = await executor.start(closeMonth, month(service.url));
    await service.requests(1);
    await handle.cancel();
    const cancelled = await handle.result();

    await handle.redrive();
    const redriven = await handle.result();

    expect(cancelled).toMatchObject({ status: 'CANCELLED' });
    expect(redriven).toMatchObject({ status: 'SUCCEEDED', cancelled: false, output: { euros: 145 } });
  });

  it('runs an execution that was over its time on, and gives it its time anew', async () => {
    await using service = await Service.start((request) => (request === 1 ? new Promise(() => undefined) : RATES));
    await using executor = twin.open();
    const handle = await executor.start(closeMonth, month(service.url), { config: { timeoutSeconds: 8 } });
    const timedOut = await handle.result();

    await handle.redrive();
    const redriven = await handle.result();

    expect(timedOut).toMatchObject({ status: 'TIMED_OUT' });
    expect(redriven).toMatchObject({ status: 'SUCCEEDED', output: { euros: 145 } });
  });
});
