import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import restoreBackup from '../../examples/reference/checkpoints.ts';
import newsletter from '../../examples/reference/pause-and-resume.ts';
import { called, given } from './definitions.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const backup = { takenOn: '2026-02-28', rows: { customers: 10, products: 20, orders: 30, payments: 40 } };

onBothTwins((twin) => {
  it('are cut every checkpointInterval finished nodes', async () => {
    await using executor = twin.open();

    const result = await executor.execute(restoreBackup, backup);
    const checkpoints = await executor.get(result.executionId).checkpoints();

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { restoredRows: 100 } });
    expect(checkpoints.map(({ reason, finishedNodes }) => [reason, finishedNodes])).toEqual([
      ['interval', 2],
      ['interval', 4],
    ]);
  });

  it('of an execution that went on are where a new one goes on from, with the results of that cut', async () => {
    await using executor = twin.open();
    const first = await executor.execute(restoreBackup, backup);
    const [cut] = await executor.get(first.executionId).checkpoints();

    const handle = await executor.resumeCheckpoint(cut?.checkpointId ?? '');
    const second = await handle.result();

    expect(handle.executionId).not.toBe(first.executionId);
    expect(second).toMatchObject({ status: 'SUCCEEDED', output: { restoredRows: 100 } });
    expect(await handle.describe()).toMatchObject({
      origin: { executionId: first.executionId, checkpointId: cut?.checkpointId },
    });
    const [ofFirst, ofSecond] = await Promise.all(
      [executor.get(first.executionId), handle].map(async (execution) =>
        Object.fromEntries((await execution.results()).results.map(({ nodeId, endedAtMs }) => [nodeId, endedAtMs])),
      ),
    );
    expect(ofSecond).toMatchObject({ customers: ofFirst?.customers, products: ofFirst?.products });
    expect(ofSecond?.orders).toBeGreaterThan(ofFirst?.verify ?? Number.POSITIVE_INFINITY);
  });

  it('of an execution that is still paused there let that one go on', async () => {
    const stories = Promise.withResolvers<string>();
    await using service = await Service.start(() => stories.promise);
    await using executor = twin.open();
    const handle = await executor.start(newsletter, { title: 'Weather', storiesUrl: service.url });
    await service.requests(1);
    await handle.pause();
    stories.resolve('[]');
    const { checkpointId } = await handle.result();

    const resumed = await executor.resumeCheckpoint(checkpointId ?? '');
    const result = await resumed.result();

    expect(resumed.executionId).toBe(handle.executionId);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { sent: 'Weather' } });
  });

  it('say what had ended there, and whether resuming one goes on with the same execution', async () => {
    await using executor = twin.open();
    const { executionId } = await executor.execute(restoreBackup, backup);
    const [cut] = await executor.get(executionId).checkpoints();

    const detail = await executor.checkpoint(cut?.checkpointId ?? '');

    expect(detail).toMatchObject({
      executionId,
      workflow: 'restore-backup',
      finishedNodes: 2,
      ended: { succeeded: ['customers', 'products'], failed: [], skipped: [] },
      isCurrent: false,
    });
  });

  it('can be resumed by another executor', async () => {
    const store = randomUUID();
    const first = twin.open({ store });
    const { executionId } = await first.execute(restoreBackup, backup);
    const [, cut] = await first.get(executionId).checkpoints();
    await first.close();

    await using second = twin.open({ store });
    const handle = await second.resumeCheckpoint(cut?.checkpointId ?? '');

    expect(await handle.result()).toMatchObject({ status: 'SUCCEEDED', output: { restoredRows: 100 } });
  });

  it('are made at pauses in any case, at intervals only if they are enabled', async () => {
    const answer = Promise.withResolvers<string>();
    await using service = await Service.start((_request, node) => (node === 'second' ? answer.promise : 'done'));
    await using executor = twin.open({ config: { checkpointInterval: 1 } });
    const definition = {
      name: 'checkpoint-at-pause',
      nodes: {
        first: called(),
        second: called({ dependsOn: ['first'] }),
        last: given({ dependsOn: ['second'] }),
      },
    };
    const handle = await executor.start(definition, { url: service.url });
    await service.requests(2);

    await handle.pause();
    answer.resolve('kept');
    const paused = await handle.result();
    const checkpoints = await handle.checkpoints();
    await handle.resume();
    const resumed = await handle.result();

    expect(new Set(checkpoints.map(({ reason }) => reason))).toEqual(new Set(['pause']));
    expect(checkpoints.at(-1)).toMatchObject({ checkpointId: paused.checkpointId, finishedNodes: 2 });
    expect(resumed).toMatchObject({ status: 'SUCCEEDED', output: 'kept' });
  });
});
