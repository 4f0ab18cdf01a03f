import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import loan, { report } from '../../examples/reference/metrics.ts';
import tripOffer from '../../examples/reference/parallel.ts';
import checkout from '../../examples/reference/retry.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('count a workflow’s executions and the times of its nodes, for any process that asks', async ({ expect }) => {
    const store = randomUUID();
    const first = twin.open({ store });
    for (const rate of [500, 800, 300]) await first.execute(loan, { income: 2_000, rate });
    await first.execute(loan, { income: 2_000, rate: 1_500 });
    await first.close();

    await using second = twin.open({ store });
    await expect
      .poll(async () => (await second.metrics('loan')).totalExecutions, { timeout: 20_000, interval: 200 })
      .toBe(4);

    const { averageDurationMs, executionTimes, nodeExecutionTimes, ...counts } = await second.metrics('loan');
    expect(counts).toEqual({ workflow: 'loan', totalExecutions: 4, successfulExecutions: 3, failedExecutions: 1 });
    expect(averageDurationMs).toBeGreaterThan(0);
    expect(executionTimes).toMatchObject({ count: 4 });
    for (const node of ['score', 'decide']) {
      const { count, meanMs = 0, p50Ms = 0, p95Ms = 0, maxMs = 0 } = nodeExecutionTimes[node] ?? {};
      expect(count).toBe(4);
      expect(maxMs).toBeGreaterThanOrEqual(p95Ms);
      expect(p95Ms).toBeGreaterThanOrEqual(p50Ms);
      expect(maxMs).toBeGreaterThanOrEqual(meanMs);
    }
    expect(await report(second)).toMatch(/^4 loans, 3 granted; deciding takes \d+ ms at the median$/);
  });

  it('count everything that was not successful as failed, a cancelled execution too', async ({ expect }) => {
    await using service = await Service.start(() => new Promise(() => undefined));
    await using executor = twin.open();
    const definition = { name: 'cancelled-and-counted', nodes: { only: { handler: 'test.call' } } };
    const handle = await executor.start(definition, { url: service.url });
    await service.requests(1);

    await handle.cancel();
    await handle.result();

    await expect
      .poll(() => executor.metrics('cancelled-and-counted'), { timeout: 20_000, interval: 200 })
      .toMatchObject({ totalExecutions: 1, successfulExecutions: 0, failedExecutions: 1 });
  });

  it('of one execution say for each node how long it was queued, ran and waited, what took longest, and what is billed', async () => {
    await using service = await Service.start((request) => (request === 1 ? { status: 503 } : 'charge-1'));
    await using executor = twin.open();

    const [trip, charged] = await Promise.all([
      executor.execute(tripOffer, { city: 'Porto', nights: 4, travellers: 2 }),
      executor.execute(checkout, { card: 'ada', cents: 900, gatewayUrl: service.url }),
    ]);

    expect(Object.keys(trip.metrics.nodes).sort()).toEqual(['car', 'flight', 'hotel', 'offer']);
    expect(trip.metrics.nodes.offer).toEqual({
      visits: 1,
      attempts: 1,
      queuedMs: expect.any(Number),
      runningMs: expect.any(Number),
      backoffMs: 0,
    });
    const { nodes, durationMs } = trip.metrics.criticalPath;
    expect(nodes).toHaveLength(2);
    expect(nodes.at(-1)).toBe('offer');
    expect(durationMs).toBeGreaterThan(0);
    expect(charged.metrics.nodes.charge).toMatchObject({ attempts: 2 });
    for (const { metrics } of [trip, charged]) {
      const { writeUnits, queueRequests, invocations, estimatedUsd } = metrics.billedOperations;
      for (const count of [writeUnits, queueRequests, invocations, estimatedUsd]) expect(count).toBeGreaterThan(0);
    }
    expect(charged.metrics.nodes.charge?.backoffMs).toBeGreaterThan(0);
  });
});
