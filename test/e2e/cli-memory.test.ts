import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { MAIN } from '../unit/cli/cli-process.ts';

const NODES = 10_000;
/** Told by the process itself, when it ends. In megabytes. */
const TELL_MEMORY = `data:text/javascript,process.on('exit',()=>console.error('peak '+Math.round(process.resourceUsage().maxRSS/1024)))`;

/** Nodes that fail and are caught, each with 20 KB of errors: held at once, they would take 200 MB. */
async function runLargeExecution(database: string): Promise<void> {
  const failing = defineNode({
    type: 'failing',
    execute: (): void => {
      const text = 'x'.repeat(8_000);
      throw new Error(text, { cause: new Error(text) });
    },
  });
  const node = { handler: 'failing', catch: [{ errors: ['*'], output: null }] };
  const nodes = Object.fromEntries(Array.from({ length: NODES }, (_, index) => [`n${index}`, node]));
  const definition: DefinitionInput = {
    name: 'large',
    config: { maxParallelNodes: 100, timeoutSeconds: 3_600 },
    nodes,
  };
  await using executor = new WorkflowExecutor({ database, handlers: [failing] });
  const { executionId } = await executor.start(definition, null, { executionId: 'large' });
  await executor.get(executionId).result();
}

describe('of an execution of 10,000 nodes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fanjoin-cli-memory-'));
  beforeAll(() => runLargeExecution(join(directory, 'large.db')), 240_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  async function run(...args: string[]): Promise<{ stdout: string; stderr: string; peakMb: number }> {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', TELL_MEMORY, MAIN, ...args, '--database', 'large.db'],
      { cwd: directory, maxBuffer: 100_000_000 },
    );
    return { stdout, stderr, peakMb: Number(/peak (\d+)/.exec(stderr)?.[1]) };
  }

  /** Node.js with the command's modules takes 120 MB, a page of 1,000 events and what V8 leaves uncollected the rest. */
  it.each([[[]], [['--json']]])(
    'the whole history is printed in under 300 MB: %j',
    async (options) => {
      const { stdout, peakMb } = await run('history', 'large', ...options);

      const header = options.length === 0 ? 1 : 0;
      expect(stdout.trimEnd().split('\n')).toHaveLength(header + 1 + NODES + 1);
      expect(peakMb).toBeLessThan(300);
    },
    120_000,
  );

  /** The same, and the definition of 10,000 nodes: 100 MB, as checked and compiled. */
  it('the timeline comes in pages, each in under 400 MB', async () => {
    const first = await run('timeline', 'large', '--limit', '500');
    const [, after = ''] = /next: .* --after (\S+)/.exec(first.stderr) ?? [];
    const second = await run('timeline', 'large', '--limit', '500', '--after', after);

    const rowsOf = (text: string) => text.split('\n').flatMap((line) => /^✓[ ◆] (n\d+) /.exec(line)?.[1] ?? []);
    expect(first.stderr).toContain('rows 1–500 of 10,000');
    expect(second.stderr).toContain('rows 501–1,000 of 10,000');
    expect(new Set([...rowsOf(first.stdout), ...rowsOf(second.stdout)]).size).toBe(1_000);
    expect(Math.max(first.peakMb, second.peakMb)).toBeLessThan(400);
  }, 120_000);
});
