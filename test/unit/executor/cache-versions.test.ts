import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fanjoin-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['of a node', { name: 'versioned', nodes: { only: { handler: 'greet', cache: {} } } }],
  ['of a workflow', { name: 'versioned', cache: {}, nodes: { only: { handler: 'greet' } } }],
])('a cache %s reuses nothing that another version of the handler gave', async (_of, definition) => {
  const run = async (version: string) => {
    const greet = defineNode({ type: 'greet', version, execute: () => `by version ${version}` });
    await using executor = new WorkflowExecutor({ database: join(folder, 'cache.db'), handlers: [greet] });
    return (await executor.execute(definition, null)).output;
  };

  const outputs = [await run('1'), await run('1'), await run('2'), await run('1')];

  expect(outputs).toEqual(['by version 1', 'by version 1', 'by version 2', 'by version 1']);
});
