import { describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';

const double = defineNode({ type: 'double', execute: (n: number) => 2 * n });
const large = defineNode({ type: 'large', execute: () => 'x'.repeat(30_000_000) });

describe('the workflow cache', () => {
  it('takes no output from an execution whose id a refused start had asked for', async () => {
    await using executor = new WorkflowExecutor({ handlers: [double] });
    const cached = { name: 'cached', cache: {}, nodes: { only: { handler: 'double' } } };
    await executor.execute(cached, 1, { executionId: 'taken' });
    const refused = executor.execute(cached, 50, { executionId: 'taken' });
    await expect(refused).rejects.toMatchObject({ code: 'EXECUTION_EXISTS' });

    const result = await executor.execute(cached, 50);

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: 100, cachedFrom: undefined });
  });
});

describe('outputs that are too large together', () => {
  it('fail the execution, and do not leave it running for ever', async () => {
    await using executor = new WorkflowExecutor({ handlers: [large] });
    const nodes = { a: { handler: 'large' }, b: { handler: 'large' }, c: { handler: 'large' } };

    const result = await executor.execute({ name: 'too-large', nodes }, null);

    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'PAYLOAD_TOO_LARGE' } });
  });
});

describe('many maps at once', () => {
  it('all come to their end, a bounded number under way at a time', async () => {
    await using executor = new WorkflowExecutor({ handlers: [double] });
    const maps = Array.from({ length: 300 }, (_, n) => [`m${n}`, { type: 'map', handler: 'double' }] as const);

    const result = await executor.execute({ name: 'many-maps', nodes: Object.fromEntries(maps) } as never, [1, 2]);

    expect(result.status).toBe('SUCCEEDED');
    expect(result.nodeExecutionOrder).toHaveLength(300);
  });
});
