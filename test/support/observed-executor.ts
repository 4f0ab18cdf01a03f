import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import type { WorkflowExecutorOptions } from '../../shared/executor/executor-options.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { ADVANCE } from './advance.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-observability-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
export const aFile = () => join(folder, `${++files}.db`);

export const echo = defineNode({ type: 'echo', execute: (input: unknown) => input });
const fails = defineNode({
  type: 'fails',
  execute: () => {
    throw new TypeError('as the test asks');
  },
});
export const anExecutor = (options: WorkflowExecutorOptions = {}) =>
  new WorkflowExecutor({ handlers: [echo, fails], logLevel: 'error', advance: ADVANCE, ...options });

/** Stays in its second node until it is let go. */
export function aHeldWorkflow() {
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const hold = defineNode({
    type: 'hold',
    async execute(input: unknown) {
      begun.resolve();
      await held.promise;
      return input;
    },
  });
  const definition: DefinitionInput = {
    name: 'held',
    strategy: 'sequential',
    nodes: { first: { handler: 'echo' }, second: { handler: 'hold' }, third: { handler: 'echo' } },
  };
  return { definition, hold, letGo: () => held.resolve(), hasBegun: begun.promise };
}

export const chain: DefinitionInput = {
  name: 'chain',
  strategy: 'sequential',
  nodes: { a: { handler: 'echo' }, b: { handler: 'echo' } },
};

export async function historyOf(handle: Pick<ExecutionHandle, 'history'>, limit?: number): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  let after: string | undefined;
  do {
    const page = await handle.history({ ...(limit && { limit }), ...(after !== undefined && { after }) });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

/** What a kill would leave of a file: its pages and its log, as they are now. */
export function crashCopy(file: string): string {
  const copy = aFile();
  for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  return copy;
}
