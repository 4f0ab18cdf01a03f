import { describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../../shared/model/definition.ts';
import type { GraphState } from '../../../shared/model/state.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { aStore, executionId } from '../../support/factories-observability.ts';

/** `first` → `gated` → `last`, and `broken`, whose failure `mend` makes up for. `gated` waits until `open` is called. */
function aGatedWorkflow() {
  const opened = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const handlers = [
    defineNode({ type: 'echo', execute: (_input, { nodeId }) => nodeId }),
    defineNode({
      type: 'gated',
      execute: async () => {
        entered.resolve();
        await opened.promise;
        return 'through';
      },
    }),
    defineNode({
      type: 'broken',
      execute: () => {
        throw new Error('broken');
      },
    }),
  ];
  const definition: DefinitionInput = {
    name: 'gated',
    nodes: {
      first: { handler: 'echo' },
      broken: { handler: 'broken' },
      mend: { handler: 'echo', dependsOn: ['broken'], triggerRule: 'all_failed' },
      unneeded: { handler: 'echo', dependsOn: ['first'], triggerRule: 'all_failed' },
      gated: { handler: 'gated', dependsOn: ['first', 'mend'] },
      last: { handler: 'echo', dependsOn: ['gated'] },
    },
  };
  return { executor: new WorkflowExecutor({ handlers }), definition, open: opened.resolve, entered: entered.promise };
}

async function pausedExecution() {
  const bench = aGatedWorkflow();
  const handle = await bench.executor.start(bench.definition, null, { executionId: 'paused' });
  await bench.entered;
  await handle.pause();
  await expect.poll(async () => (await handle.checkpoints()).length).toBe(1);
  return { ...bench, handle };
}

describe('a checkpoint in detail', () => {
  it('says what had ended and how, what was under way, when and why', async () => {
    const { executor, handle, open } = await pausedExecution();
    const [view] = await handle.checkpoints();

    const detail = await executor.checkpoint(view?.checkpointId ?? '');
    open();
    await executor.close();

    expect(detail).toEqual({
      ...view,
      executionId: 'paused',
      workflow: 'gated',
      run: 1,
      reason: 'pause',
      finishedNodes: 4,
      createdAtMs: expect.any(Number),
      progress: { nodes: 6, succeeded: 2, failed: 1, skipped: 1, running: ['gated'], inFlight: 1, maps: {} },
      ended: { succeeded: ['first', 'mend'], failed: ['broken'], skipped: ['unneeded'] },
      isCurrent: true,
    });
  });

  it('is no longer where the execution stands once that has gone on', async () => {
    const { executor, handle, open } = await pausedExecution();
    open();
    await handle.result();
    await expect.poll(async () => (await handle.checkpoints()).length).toBe(2);
    const [early, late] = await handle.checkpoints();

    const details = await Promise.all([early, late].map((view) => executor.checkpoint(view?.checkpointId ?? '')));

    expect(details.map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
    expect(details.map(({ ended }) => ended.succeeded)).toEqual([
      ['first', 'mend'],
      ['first', 'mend', 'gated'],
    ]);
    await executor.close();
  });

  it('of a loop has the nodes by their last visit', async () => {
    const entered = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const step = defineNode({
      type: 'step',
      execute: async (_input, { nodeId, visit }) => {
        if (nodeId !== 'again' || visit < 2) return visit;
        entered.resolve();
        await opened.promise;
        return visit;
      },
    });
    await using executor = new WorkflowExecutor({ handlers: [step] });
    const handle = await executor.start(
      {
        name: 'loop',
        strategy: 'conditional',
        nodes: {
          begin: { handler: 'step', next: 'again' },
          again: { handler: 'step', choices: [{ when: '{% $output < 2 %}', next: 'begin' }], next: '$end' },
        },
      },
      null,
    );
    await entered.promise;
    await handle.pause();
    await expect.poll(async () => (await handle.checkpoints()).length).toBe(1);
    const [view] = await handle.checkpoints();

    const detail = await executor.checkpoint(view?.checkpointId ?? '');
    opened.resolve();

    expect(detail).toMatchObject({
      finishedNodes: 3,
      ended: { succeeded: ['begin', 'again'], failed: [], skipped: [] },
      progress: { running: ['again'] },
    });
  });

  it.each(['nobody.1', 'nobody', 'no execution!.1', 'paused.99'])('%s is not found', async (checkpointId) => {
    const { executor, open } = await pausedExecution();

    await expect(executor.checkpoint(checkpointId)).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });

    open();
    await executor.close();
  });
});

it('checkpoints are listed to the last although each fills a page of its own', async () => {
  await using bench = aStore();
  const { store, table } = bench;
  const state = { ...EMPTY_STATE, ready: new Uint8Array(300_000) };
  for (let revision = 1; revision <= 5; revision++) await store.checkpoints.put(executionId, revision, state, revision);
  const query = table.query.bind(table);
  let pages = 0;
  table.query = (pk, options) => {
    pages++;
    return query(pk, { ...options, limit: 1 });
  };

  const listed = await store.checkpoints.list(executionId);

  expect(listed.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5]);
  expect(pages).toBeGreaterThan(4);
});

const EMPTY_STATE: GraphState = {
  v: 1,
  kind: 'graph',
  run: 1,
  limit: 10,
  inFlight: 0,
  paused: true,
  pausePoints: [],
  passedPoints: [],
  maps: {},
  ready: new Uint8Array(1),
  dispatched: new Uint8Array(1),
  succeeded: new Uint8Array(1),
  failed: new Uint8Array(1),
  skipped: new Uint8Array(1),
};
