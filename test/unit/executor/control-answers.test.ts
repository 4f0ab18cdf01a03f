import { expect, it } from 'vitest';
import type { ExecutionService } from '../../../shared/executor/execution-service.ts';
import { openStore } from '../../../shared/store/store.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { MemoryBlobs } from '../../simulation/memory-blobs.ts';
import { MemoryTable } from '../../simulation/memory-table.ts';
import { atOnce } from '../../simulation/ports.ts';
import { aDefinition, aTask } from '../../support/factories.ts';
import { anExecutionService } from '../../support/factories-service.ts';

async function aService(flagsKnownMs?: number) {
  const clock = new VirtualClock();
  const { table, blobs } = atOnce(new MemoryTable(), new MemoryBlobs());
  const store = openStore(table, blobs);
  const service = anExecutionService({ store, clock, ...(flagsKnownMs !== undefined && { flagsKnownMs }) });
  const { executionId } = await service.start({ definition: aDefinition({ a: aTask(), b: aTask() }) });
  return { clock, store, service, executionId };
}

const CONTROLS = {
  pause: (service: ExecutionService, id: string) => service.pause(id),
  'pause point': (service: ExecutionService, id: string) => service.pause(id, { before: 'b' }),
  cancel: (service: ExecutionService, id: string) => service.cancel(id),
} as const;

it.each(Object.entries(CONTROLS))('a %s is answered once runners go by it, and no sooner', async (_what, control) => {
  const { clock, store, service, executionId } = await aService(500);
  let isAnswered = false;

  void control(service, executionId).then(() => {
    isAnswered = true;
  });
  await clock.pass(499);
  const [answeredBefore, meta] = [isAnswered, await store.executions.loadMeta(executionId)];
  await clock.pass(1);

  expect(meta?.status === 'PAUSED' || meta?.pauseBefore !== undefined || meta?.stop !== undefined).toBe(true);
  expect([answeredBefore, isAnswered]).toEqual([false, true]);
});

it.each(Object.entries(CONTROLS))('a %s is answered at once where runners look each time', async (_what, control) => {
  const { service, executionId } = await aService();

  await expect(control(service, executionId)).resolves.toBeUndefined();
});
