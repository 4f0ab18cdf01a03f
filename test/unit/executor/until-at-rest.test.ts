import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { LocalEngine } from '../../../shared/executor/local-engine.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { type AnyHandler, defineNode } from '../../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../../shared/nodes/handler-registry.ts';
import { Logger } from '../../../shared/observability/logger.ts';

const echo = defineNode({ type: 'echo', execute: (value: unknown) => value });
const handler = 'echo';
const anEngine = (...handlers: AnyHandler[]) =>
  new LocalEngine({
    ...{ database: ':memory:', config: {}, handlers: new HandlerRegistry(handlers), pools: {} },
    ...{ clock: systemClock, logger: new Logger({ write: () => undefined }), random: () => 0 },
  });
const chain = {
  name: 'chain',
  nodes: { a: { handler }, b: { handler, dependsOn: ['a'] }, c: { handler, dependsOn: ['b'] } },
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanjoin-rest-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('who waits for an execution', () => {
  it('has one that stood paused when the engine took it over', async () => {
    const database = join(folder, 'executions.db');
    const before = new WorkflowExecutor({ database, handlers: [echo] });
    const handle = await before.start(chain, null);
    await handle.pause({ before: 'b' });
    const { checkpointId = '' } = await handle.result();
    await handle.pause({ before: 'c' });
    await handle.resume();
    await handle.result();
    await before.close();
    await using executor = new WorkflowExecutor({ database, handlers: [echo] });

    const other = await executor.resumeCheckpoint(checkpointId);

    expect((await executor.get(handle.executionId).result()).status).toBe('PAUSED');
    expect((await other.result()).status).toBe('SUCCEEDED');
  });

  it('is told of a start that was refused meanwhile', async () => {
    const engine = anEngine();

    const starting = engine.start({ definition: chain, input: null, executionId: 'x' });
    const waiting = engine.untilAtRest('x');

    await expect(starting).rejects.toMatchObject({ code: 'UNREGISTERED_HANDLER' });
    await expect(waiting).rejects.toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
    await engine.close();
  });

  it('is forgotten once it is at rest', async () => {
    const engine = anEngine(echo);
    const { signal } = new AbortController();
    const { executionId } = await engine.start({ definition: chain, input: null });

    await engine.untilAtRest(executionId, signal);

    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await engine.close();
  });
});
