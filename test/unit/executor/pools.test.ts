import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';

it('a pool without a size runs ten handlers at once, and no eleventh', async () => {
  let running = 0;
  let most = 0;
  const busy = defineNode({
    type: 'busy',
    async execute() {
      most = Math.max(most, ++running);
      while (most < 10) await turn();
      running--;
    },
  });
  await using executor = new WorkflowExecutor({ handlers: [busy], pools: { couriers: {} } });
  const node = { handler: 'busy', pool: 'couriers' };
  const nodes = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`n${n}`, node]));

  const { status } = await executor.execute({ name: 'wide', config: { maxParallelNodes: 25 }, nodes }, null);

  expect(status).toBe('SUCCEEDED');
  expect(most).toBe(10);
});
