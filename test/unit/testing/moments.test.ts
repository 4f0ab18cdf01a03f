import { describe, expect, it } from 'vitest';
import { quiet } from '../../../shared/testing/quiet.ts';
import { createTestExecutor, historyOf } from '../../../shared/testing/testing.ts';
import { aWorkflow } from '../../support/factories.ts';
import { orders } from './orders.ts';

const chain = aWorkflow({
  a: { handler: 'test.behave' },
  b: { handler: 'test.behave', dependsOn: ['a'] },
  c: { type: 'transform', output: null, dependsOn: ['b'] },
});
const aChainExecutor = () => createTestExecutor({ replace: { 'test.behave': (_input, { nodeId }) => nodeId } });

describe('a moment', () => {
  it('when a node starts comes before its handler is called, which waits', async () => {
    await using executor = aChainExecutor();
    executor.when('a', 'starts', async (handle) => {
      await handle.pause();
      expect(executor.calls('a')).toEqual([]);
    });

    const { status } = await executor.execute(chain, null);

    expect(status).toBe('PAUSED');
    expect([executor.calls('a').length, executor.calls('b').length]).toEqual([1, 0]);
  });

  it.each(['a', 'b'])('when %s has settled comes before the next node starts', async (node) => {
    await using executor = aChainExecutor();
    executor.when(node, 'settled', (handle) => handle.pause());

    const { status, partialResults } = await executor.execute(chain, null);

    expect(status).toBe('PAUSED');
    expect(Object.keys(partialResults ?? {}).at(-1)).toBe(node);
  });

  it('when a node has failed for good is one when it has settled', async () => {
    await using executor = createTestExecutor({
      workflow: orders,
      failures: [{ node: 'charge', error: new Error('declined') }],
    });
    const at: number[] = [];
    executor.when('charge', 'settled', () => at.push(executor.clock.nowMs() - Date.UTC(2030, 0, 1)));

    await executor.execute(orders, { id: 'a' });

    expect(at).toEqual([660_000]);
  });

  it('comes once, and for the attempt it names', async () => {
    await using executor = createTestExecutor({
      workflow: orders,
      failures: [{ node: 'charge', times: 2, error: new Error('busy') }],
    });
    const at: number[] = [];
    const note = () => at.push(executor.clock.nowMs() - Date.UTC(2030, 0, 1));
    executor.when('charge', 'starts', note);
    executor.when({ node: 'charge', attempt: 2 }, 'starts', note);

    await executor.execute(orders, { id: 'a' });

    expect(at).toEqual([0, 60_000]);
  });

  it('lets the test cancel, and what ran see its signal abort', async () => {
    await using executor = createTestExecutor({ workflow: orders, failures: [{ node: 'charge', timeout: true }] });
    executor.when('reserve', 'settled', async (handle) => {
      await executor.clock.sleep(10_000);
      await handle.cancel();
    });

    const { executionId } = await executor.execute(orders, { id: 'a' });

    expect(await historyOf(executor.get(executionId), { times: true })).toEqual([
      '0 ms: started',
      '0 ms: reserve succeeded',
      '10000 ms: stopping (CANCELLED)',
      '10000 ms: charge failed (NodeAborted)',
      '10000 ms: cancelled',
    ]);
  });

  it('lets time go by while the handler waits for it', async () => {
    await using executor = createTestExecutor({ workflow: orders });
    executor.when('charge', 'starts', () => executor.clock.advance(90_000));

    const { executionTimeMs } = await executor.execute(orders, { id: 'a' });

    expect(executionTimeMs).toBe(90_000);
  });

  it.each(['starts', 'settled'] as const)('when a node %s whose action fails fails the test', async (moment) => {
    await using executor = createTestExecutor({ workflow: orders });
    executor.when('charge', moment, () => {
      throw new Error('not as expected');
    });

    await expect(executor.execute(orders, { id: 'a' })).rejects.toThrow('not as expected');
  });

  it('whose action fails when nobody waits any more fails the closing', async () => {
    const executor = createTestExecutor({ workflow: orders });
    const isLetGo = Promise.withResolvers<void>();
    executor.when('ship', 'settled', async () => {
      await isLetGo.promise;
      throw new Error('not as expected');
    });
    await executor.execute(orders, { id: 'a' });

    isLetGo.resolve();
    await quiet();

    await expect(executor.close()).rejects.toThrow('not as expected');
  });
});
