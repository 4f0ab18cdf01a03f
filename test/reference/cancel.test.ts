import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import encodeVideo from '../../examples/reference/cancel.ts';
import newsletter from '../../examples/reference/pause-and-resume.ts';
import type { ExecutionResult } from '../../shared/executor/execution-result.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

/** It never answers. */
const anEncoder = () => Service.start(() => new Promise(() => undefined));

/** What came late was paid for all the same. */
const withoutBill = ({ metrics: { billedOperations: _billed, ...metrics }, ...result }: ExecutionResult) => ({
  ...result,
  metrics,
});

onBothTwins((twin) => {
  it('aborts the signal of running handlers and ends with what stands', async () => {
    await using service = await anEncoder();
    await using executor = twin.open();
    const handle = await executor.start(encodeVideo, { file: 'ship.mov', seconds: 4, encoderUrl: service.url });
    await service.requests(1);

    await handle.cancel();
    await service.aborts(1);
    const result = await handle.result();

    expect(result).toMatchObject({
      status: 'CANCELLED',
      cancelled: true,
      success: false,
      output: undefined,
      partialResults: { measure: { frames: 100 } },
    });
  });

  it('counts what a handler still gives although it was told to stop', async () => {
    await using service = await Service.start(async () => {
      await cancelled.promise;
      return 'finished all the same';
    });
    const cancelled = Promise.withResolvers<void>();
    await using executor = twin.open();
    const definition = { name: 'stubborn', nodes: { only: { handler: 'test.stubborn-call' } } };
    const handle = await executor.start(definition, { url: service.url });
    await service.requests(1);

    await handle.cancel();
    cancelled.resolve();
    const result = await handle.result();

    expect(result).toMatchObject({ status: 'CANCELLED', partialResults: { only: 'finished all the same' } });
  });

  it('a second time, or after the end, is answered clearly and changes nothing', async () => {
    await using service = await anEncoder();
    await using executor = twin.open();
    const handle = await executor.start(encodeVideo, { file: 'ship.mov', seconds: 4, encoderUrl: service.url });
    await service.requests(1);
    await handle.cancel();

    await expect(handle.cancel()).rejects.toMatchObject({ code: 'INVALID_STATE' });
    const result = await handle.result();
    await expect(handle.cancel()).rejects.toThrow('it is CANCELLED');

    expect(await handle.result()).toEqual(result);
  });

  it('ends a paused execution too; a result that comes later is kept as late and changes nothing', async () => {
    const stories = Promise.withResolvers<string>();
    await using service = await Service.start(() => stories.promise);
    const store = randomUUID();
    await using executor = twin.open({ store });
    const handle = await executor.start(newsletter, { title: 'Weather', storiesUrl: service.url });
    await service.requests(1);
    await handle.pause();
    stories.resolve('["Rain"]');
    await handle.result();
    await handle.cancel();
    const before = await handle.result();

    const { endedAtMs = 0 } = before;
    // What a runner writes that was cut off from the rest while it ran.
    await twin.put(store, {
      pk: `EXEC#${handle.executionId}`,
      sk: 'RESULT#layOut#000001#0001',
      v: 1,
      executionId: handle.executionId,
      node: 'layOut',
      visit: 1,
      run: 1,
      status: 'SUCCEEDED',
      source: 'handler',
      output: { inline: '{"title":"Weather","html":""}' },
      attempts: [{ attempt: 1, startedAtMs: endedAtMs - 5, endedAtMs: endedAtMs + 5 }],
      queuedAtMs: endedAtMs - 5,
      startedAtMs: endedAtMs - 5,
      endedAtMs: endedAtMs + 5,
    });

    expect(before).toMatchObject({ status: 'CANCELLED', partialResults: { collect: { stories: ['Rain'] } } });
    expect(withoutBill(await handle.result())).toEqual(withoutBill(before));
    const { results } = await handle.results();
    expect(results.map(({ nodeId, late = false }) => [nodeId, late])).toEqual([
      ['collect', false],
      ['layOut', true],
    ]);
  });
});
