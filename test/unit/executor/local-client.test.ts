import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../../shared/executor/local-client.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { NodeResult } from '../../../shared/nodes/node-result.ts';

it.each(['pause', 'cancel'] as const)(
  'a %s beside the engine is answered once the engine goes by it: no node starts after that',
  async (action) => {
    const folder = await mkdtemp(join(tmpdir(), 'fanjoin-client-'));
    const database = join(folder, 'executions.db');
    let starts = 0;
    const { promise: isUnderWay, resolve: begin } = Promise.withResolvers<void>();
    const loop = defineNode({
      type: 'loop',
      execute: () => {
        if (++starts === 10) begin();
        return NodeResult.success(null, { nextNodeId: 'a' });
      },
    });
    const executor = new WorkflowExecutor({ database, handlers: [loop] });
    const client = new LocalClient({ database, clock: systemClock });
    const definition = { name: 'loop', strategy: 'conditional' as const, start: 'a', maxVisits: 100_000 };
    const handle = await executor.start({ ...definition, nodes: { a: { handler: 'loop' } } }, null);
    await isUnderWay;

    await client[action](handle.executionId);
    const startsAtAnswer = starts;
    await handle.result();

    expect(starts).toBe(startsAtAnswer);
    await client.close();
    await executor.close();
    await rm(folder, { recursive: true });
  },
);
