import { describe, expect, it } from 'vitest';
import { FlagReader } from '../../../shared/runner/flag-reader.ts';
import { openStore } from '../../../shared/store/store.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { MemoryBlobs } from '../../simulation/memory-blobs.ts';
import { MemoryTable } from '../../simulation/memory-table.ts';
import { atOnce } from '../../simulation/ports.ts';
import { aMeta, executionId } from '../../support/factories-observability.ts';

const KNOWN_MS = 500;

/** An execution, who reads its flags, and how often the table was asked for them. */
async function aReader(knownMs = KNOWN_MS) {
  const clock = new VirtualClock();
  const { table, blobs } = atOnce(new MemoryTable(), new MemoryBlobs());
  let reads = 0;
  let failures = 0;
  const get: typeof table.get = async (key) => {
    reads++;
    if (failures-- > 0) throw new Error('unavailable');
    return table.get(key);
  };
  const { executions } = openStore({ ...table, get }, blobs);
  await table.put(aMeta());
  const meta = await executions.loadMeta(executionId);
  if (meta === undefined) throw new Error('It is there');
  reads = 0;
  return {
    ...{ clock, executions, meta, flags: new FlagReader(executions, clock, knownMs) },
    reads: () => reads,
    failOnce: () => {
      failures = 1;
    },
  };
}

describe('the flags of an execution', () => {
  it('are read once for messages that come together', async () => {
    const { flags, reads } = await aReader();

    await Promise.all(Array.from({ length: 10 }, () => flags.recall(executionId, 1)));

    expect(reads()).toBe(1);
  });

  it('are known for half a second, and then read again', async () => {
    const { clock, flags, reads } = await aReader();
    await flags.recall(executionId, 1);

    await clock.pass(KNOWN_MS - 1);
    await flags.recall(executionId, 1);
    const withinIt = reads();
    await clock.pass(1);
    await flags.recall(executionId, 1);

    expect([withinIt, reads()]).toEqual([1, 2]);
  });

  it('are those that were heard last, and are not read', async () => {
    const { flags, reads, meta } = await aReader();

    flags.hear({ ...meta, pauseBefore: new Set(['a']) });

    expect((await flags.recall(executionId, 1))?.pauseBefore).toEqual(new Set(['a']));
    expect(reads()).toBe(0);
  });

  it.each([{ status: 'PAUSED' }, { stop: { reason: 'CANCELLED', atMs: 1 } }, { status: 'SUCCEEDED' }] as const)(
    'are read again once it is heard that nothing is to start: %o',
    async (change) => {
      const { flags, reads, meta } = await aReader();
      await flags.recall(executionId, 1);

      flags.hear({ ...meta, ...change });
      await flags.recall(executionId, 1);

      expect(reads()).toBe(2);
    },
  );

  it('are read each time where nothing is to be known', async () => {
    const { flags, reads } = await aReader(0);

    await flags.recall(executionId, 1);
    await flags.recall(executionId, 1);

    expect(reads()).toBe(2);
  });

  it.each([
    ['is paused', 1, 'pause'],
    ['is to stop', 1, 'requestStop'],
    ['is in another run', 2, undefined],
  ] as const)('are read again where it %s: that nothing may start is never remembered', async (_what, run, change) => {
    const { executions, meta, flags, reads } = await aReader();
    if (change === 'pause') await executions.pause(meta, 1);
    if (change === 'requestStop') await executions.requestStop(meta, 'CANCELLED', 1);
    await flags.recall(executionId, run);

    const again = await flags.recall(executionId, run);

    expect(reads()).toBe(2);
    expect(again).toMatchObject({ executionId });
  });

  it('that were read anew are what is known from then on', async () => {
    const { clock, flags, reads } = await aReader();
    await flags.recall(executionId, 1);
    await clock.pass(KNOWN_MS - 1);

    await flags.read(executionId);
    await clock.pass(KNOWN_MS - 1);
    await flags.recall(executionId, 1);

    expect(reads()).toBe(2);
  });

  it('that could not be read are read again by each who waited for them', async () => {
    const { flags, reads, failOnce } = await aReader();
    failOnce();

    const first = flags.recall(executionId, 1);
    const second = flags.recall(executionId, 1);

    await expect(first).rejects.toThrow('unavailable');
    await expect(second).resolves.toMatchObject({ executionId });
    expect(reads()).toBe(2);
  });
});
