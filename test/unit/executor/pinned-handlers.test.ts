import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { type AnyHandler, defineNode } from '../../../shared/nodes/define-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-pinned-'));
afterAll(() => rmSync(folder, { recursive: true }));

const before = [defineNode({ type: 'work', execute: () => 'before' })];
const after = [defineNode({ type: 'work', execute: () => 'after' })];
const definition = (handlers: 'pinned' | 'latest') => ({
  name: 'two-steps',
  strategy: 'sequential' as const,
  config: { handlers },
  nodes: { a: { handler: 'work' }, b: { handler: 'work' } },
});

/** An execution in a file, paused between its nodes, and whoever would go on with it. */
async function paused(name: string, handlers: 'pinned' | 'latest', by: readonly AnyHandler[] = before) {
  const database = join(folder, `${name}.db`);
  const open = (registered: readonly AnyHandler[]) => new WorkflowExecutor({ database, handlers: registered });
  await using executor = open(by);
  const handle = await executor.start(definition(handlers), null, { executionId: name });
  await handle.pause({ before: 'b' });
  await handle.result();
  return open;
}

describe('an execution whose handlers change while it is paused', () => {
  it('goes on by the new ones', async () => {
    const open = await paused('latest', 'latest');

    await using executor = open(after);
    await executor.get('latest').resume();

    expect(await executor.get('latest').result()).toMatchObject({ status: 'SUCCEEDED', output: 'after' });
  });

  it('is not resumed by them if it is pinned: it says what to do', async () => {
    const open = await paused('refused', 'pinned');

    await using executor = open(after);
    const resumed = executor.get('refused').resume();

    await expect(resumed).rejects.toMatchObject({
      code: 'HANDLERS_VERSION_GONE',
      message: expect.stringContaining('fanjoin redrive refused --latest-handlers'),
    });
    expect(await executor.get('refused').describe()).toMatchObject({
      status: 'PAUSED',
      config: { handlers: 'pinned' },
    });
  });

  it('goes on by the old ones if it is pinned, as if nothing had been', async () => {
    const open = await paused('kept', 'pinned');

    await using executor = open(before);
    await executor.get('kept').resume();

    expect(await executor.get('kept').result()).toMatchObject({ status: 'SUCCEEDED', output: 'before' });
  });

  it('is let go on by the new ones as it says: cancelled, and redriven with the latest', async () => {
    const open = await paused('moved', 'pinned');
    await using executor = open(after);
    const handle = executor.get('moved');
    await handle.cancel();
    await handle.result();

    const refused = handle.redrive();
    await expect(refused).rejects.toMatchObject({ code: 'HANDLERS_VERSION_GONE' });
    await handle.redrive({ handlers: 'latest' });

    expect(await handle.result()).toMatchObject({ status: 'SUCCEEDED', output: 'after' });
    expect((await handle.describe()).config).not.toHaveProperty('handlers');
  });

  it('is told apart by what handlers call their version, too: what they import may be other', async () => {
    const named = (version: string) => [defineNode({ type: 'work', version, execute: () => 'done' })];
    const open = await paused('named', 'pinned', named('1'));

    await using executor = open(named('2'));

    await expect(executor.get('named').resume()).rejects.toMatchObject({ code: 'HANDLERS_VERSION_GONE' });
  });
});
