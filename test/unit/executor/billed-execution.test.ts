import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { loadBilledItems } from '../../../shared/executor/billed-execution.ts';
import { LocalEngine } from '../../../shared/executor/local-engine.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { type AnyHandler, defineNode } from '../../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../../shared/nodes/handler-registry.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { aMap, aPlan, aTask } from '../../support/factories.ts';
import { aMeta, aResult, aStore, executionId } from '../../support/factories-observability.ts';

const echo = defineNode({ type: 'test.behave', execute: (value: unknown) => value });

function anEngine(handlers: readonly AnyHandler[]) {
  const engine = new LocalEngine({
    ...{ database: ':memory:', config: {}, handlers: new HandlerRegistry(handlers), pools: {} },
    ...{ clock: systemClock, logger: new Logger({ write: () => undefined }), random: () => 0 },
  });
  return { engine, [Symbol.asyncDispose]: () => engine.close() };
}

describe('what an execution in this process would be billed for', () => {
  it.each([
    { advance: 'eager', queueRequests: 3, least: 8e-6 },
    { advance: 'stream', queueRequests: 6, least: 10e-6 },
  ] as const)('comes with its result ($advance), and is the same when it is asked again', async (expected) => {
    const { advance, queueRequests, least } = expected;
    await using executor = new WorkflowExecutor({ handlers: [echo], advance });
    const handler = 'test.behave';

    const handle = await executor.start(
      { name: 'two', nodes: { a: { handler }, b: { handler, dependsOn: ['a'] } } },
      'x',
    );
    const { metrics } = await handle.result();
    const again = await handle.result();

    expect(metrics.billedOperations).toMatchObject({ apiRequests: 1, queueRequests, objectPuts: 0, busEvents: 2 });
    expect(metrics.billedOperations.estimatedUsd).toBeGreaterThan(least);
    expect(again.metrics.billedOperations).toEqual(metrics.billedOperations);
  });

  it.each([
    { advance: 'eager', queueRequests: 6 },
    { advance: 'stream', queueRequests: 9 },
  ] as const)('has the objects of large payloads, and each attempt ($advance)', async ({ advance, queueRequests }) => {
    let calls = 0;
    const large = defineNode({
      type: 'large',
      execute: () => {
        if (++calls === 1) throw new Error('not yet');
        return 'x'.repeat(10_000);
      },
    });
    await using executor = new WorkflowExecutor({ handlers: [echo, large], advance });
    const retry = { maxRetries: 1, intervalSeconds: 0 };

    const { metrics } = await executor.execute(
      {
        name: 'large',
        nodes: {
          a: { handler: 'large', retry },
          b: { handler: 'test.behave', dependsOn: ['a'], input: '{% $length($) %}' },
        },
      },
      null,
    );

    expect(metrics.billedOperations).toMatchObject({ queueRequests, objectPuts: 1, objectGets: 1 });
  });
});

describe('what a result was billed for', () => {
  it('is written with it, is part of a copy, and is there when the executor is closed', async () => {
    const executor = new WorkflowExecutor({ handlers: [echo] });
    const result = await executor.execute({ name: 'one', nodes: { a: { handler: 'test.behave' } } }, 'x');
    await executor.close();

    const written = JSON.parse(JSON.stringify(result.metrics));
    const copy = { ...result.metrics };

    expect(written.billedOperations).toEqual(result.metrics.billedOperations);
    expect(copy.billedOperations).toEqual(result.metrics.billedOperations);
    expect(result.metrics.billedOperations).toMatchObject({ apiRequests: 1, queueRequests: 3 });
  });

  it('is what is told of the execution by itself: also of repeated attempts, maps, checkpoints and redrives', async () => {
    let calls = 0;
    const moody = defineNode({
      type: 'moody',
      execute: () => {
        if (++calls % 2 === 1) throw new Error('not yet');
        return 'x';
      },
    });
    await using opened = anEngine([echo, moody]);
    const { engine } = opened;
    const handler = 'moody';
    const nodes = {
      again: { handler, retry: { maxRetries: 1, intervalSeconds: 0 } },
      each: { type: 'map', handler: 'test.behave', items: '{% [1..3] %}', dependsOn: ['again'] },
      fails: { handler, dependsOn: ['each'] },
    };
    const definition = { name: 'mixed', config: { enableCheckpoints: true, checkpointInterval: 1 }, nodes };
    const { executionId } = await engine.start({ definition, input: null });
    await engine.untilAtRest(executionId);

    const failed = await engine.report(executionId);
    const failedAlone = await engine.billedOperations(executionId);
    await engine.redrive(executionId);
    await engine.untilAtRest(executionId);
    const mended = await engine.report(executionId);

    expect(failed.description.status).toBe('FAILED');
    expect(failed.billedOperations()).toEqual(failedAlone);
    expect(mended.description.status).toBe('SUCCEEDED');
    expect(mended.billedOperations()).toEqual(await engine.billedOperations(executionId));
  });
});

describe('the items that are billed', () => {
  it('are all of the execution, without its history', async () => {
    await using opened = aStore();
    const { store, table } = opened;
    const history = { ...aResult(), sk: 'EVENT#1#1', events: '[]' };
    for (const item of [aMeta(), aResult(), aResult({ sk: 'RESULT#a#000001#0001', node: 'a' }), history])
      await table.put(item);
    const snapshot = await store.executions.loadSnapshot(executionId);
    if (snapshot === undefined) throw new Error('Unreachable: META was put');

    const items = await loadBilledItems(store, aPlan({ a: aTask(), pack: aTask() }), snapshot);

    expect(items.map(({ type, times }) => [type, times])).toEqual([
      ['META', 1],
      ['RESULT', 1],
      ['RESULT', 1],
    ]);
  });

  it('stand for others like them, where a map has more chunks than are read', async () => {
    await using opened = aStore();
    const { store, table } = opened;
    const visit = { ...aResult(), node: 'each' };
    const outcome = { inline: '[]' };
    await table.put(aMeta());
    await table.put({ ...visit, sk: 'MAP#each#000001#0001', items: 10, chunks: 10, chunkSize: 1, manifest: 'm' });
    for (let chunk = 0; chunk < 10; chunk++)
      await table.put({ ...visit, sk: `CHUNK#each#000001#0001#000000${chunk}`, chunk, failedItems: 0, outcome });
    const snapshot = await store.executions.loadSnapshot(executionId);
    if (snapshot === undefined) throw new Error('Unreachable: META was put');

    const items = await loadBilledItems(store, aPlan({ each: aMap() }), snapshot, 4);

    const chunks = items.filter(({ type }) => type === 'CHUNK');
    expect(chunks.map(({ times }) => times)).toEqual([2.5, 2.5, 2.5, 2.5]);
    expect(items.filter(({ type }) => type === 'MAP').map(({ times }) => times)).toEqual([1]);
  });
});
