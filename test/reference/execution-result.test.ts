import { expect, it } from 'vitest';
import encodeVideo from '../../examples/reference/cancel.ts';
import invoice from '../../examples/reference/sequential.ts';
import { called, failing, given } from './definitions.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('of a success has its output, its times and its order, and nothing of a failure', async () => {
    await using executor = twin.open();

    const result = await executor.execute(invoice, { lines: [{ item: 'lamp', quantity: 1, priceCents: 100 }] });

    expect(result).toMatchObject({
      executionId: expect.stringMatching(/^[0-9A-Z]{26}$/),
      workflow: 'invoice',
      success: true,
      status: 'SUCCEEDED',
      output: { netCents: 100, taxCents: 19 },
      nodeExecutionOrder: ['addUp', 'discount', 'tax'],
      paused: false,
      cancelled: false,
    });
    const { error, failedNode, partialResults, cachedFrom, checkpointId } = result;
    expect({ error, failedNode, partialResults, cachedFrom, checkpointId }).toEqual({});
    const { startedAtMs, endedAtMs = 0, executionTimeMs } = result;
    expect(endedAtMs).toBeGreaterThan(startedAtMs);
    expect(executionTimeMs).toBe(endedAtMs - startedAtMs);
  });

  it('of a failure has its error with name and message, and what had succeeded', async () => {
    await using executor = twin.open();

    const result = await executor.execute(
      { name: 'fails-late', nodes: { good: given(), bad: failing('Broken', { dependsOn: ['good'] }) } },
      'begin',
    );

    expect(result).toMatchObject({
      success: false,
      status: 'FAILED',
      failedNode: 'bad',
      error: { name: 'Broken', message: 'Broken as its behaviour says' },
      partialResults: { good: 'begin' },
    });
    expect(result.output).toBeUndefined();
  });

  it('lists nodes by when they ended, not by when they began', async () => {
    // The first is answered when the third asks, which waits for the second.
    await using service = await Service.start(async (_request, node) => {
      if (node === 'first') await service.requests(3);
      return 'done';
    });
    await using executor = twin.open();

    const { nodeExecutionOrder } = await executor.execute(
      { name: 'by-completion', nodes: { first: called(), second: called(), third: called({ dependsOn: ['second'] }) } },
      { url: service.url },
    );

    expect(nodeExecutionOrder.indexOf('second')).toBeLessThan(nodeExecutionOrder.indexOf('first'));
  });

  it('is there for an execution that others started, by its id', async () => {
    await using service = await Service.start(() => new Promise(() => undefined));
    await using executor = twin.open();
    const { executionId } = await executor.start(encodeVideo, {
      file: 'ship.mov',
      seconds: 4,
      encoderUrl: service.url,
    });
    await service.requests(1);

    const handle = executor.get(executionId);
    expect(await handle.describe()).toMatchObject({
      status: 'RUNNING',
      progress: { succeeded: 1, running: ['encode'] },
    });
    await handle.cancel();

    expect(await handle.result()).toMatchObject({ executionId, status: 'CANCELLED' });
  });
});
