import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutionResult } from '../../shared/executor/execution-result.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { ADVANCE } from '../support/advance.ts';

const HOUR_MS = 3_600_000;
const RETRY_S = 20;

const definition: DefinitionInput = {
  name: 'set-back',
  strategy: 'sequential',
  nodes: {
    first: { handler: 'echo' },
    flaky: { handler: 'flaky', retry: { maxRetries: 1, intervalSeconds: RETRY_S } },
  },
};

describe('a clock that is an hour behind when an execution is resumed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-clock-'));
  let result: ExecutionResult;
  let waitedMs: number;
  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(async () => {
    const echo = defineNode({ type: 'echo', execute: (input: unknown) => input });
    const flaky = defineNode({
      type: 'flaky',
      execute: (input: unknown, { attempt }) => {
        if (attempt === 1) throw new Error('as the test asks');
        return input;
      },
    });
    const [file, copy] = [join(folder, 'before.db'), join(folder, 'after.db')];
    const clock = new VirtualClock();
    await using killed = new WorkflowExecutor({ database: file, clock, advance: ADVANCE, handlers: [echo, flaky] });
    const { executionId } = await killed.start(definition, 1);
    await clock.quiet();
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);

    const behind = new VirtualClock(clock.nowMs() - HOUR_MS);
    await using executor = new WorkflowExecutor({
      database: copy,
      clock: behind,
      advance: ADVANCE,
      handlers: [echo, flaky],
    });
    const handle = executor.get(executionId);
    await handle.resume();
    let hasEnded = false;
    const ending = handle.result().finally(() => {
      hasEnded = true;
    });
    await behind.runUntil(() => hasEnded, 2 * HOUR_MS);
    result = await ending;
    waitedMs = behind.nowMs() - (clock.nowMs() - HOUR_MS);
  });

  it('does not make a retry wait for longer than its policy says', () => {
    expect(result.status).toBe('SUCCEEDED');
    expect(waitedMs).toBeLessThan((RETRY_S + 2) * 1_000);
  });

  it('does not hide what had ended before from the result', () => {
    expect(result.nodeExecutionOrder.toSorted()).toEqual(['first', 'flaky']);
    expect(Object.keys(result.context.nodeResults).toSorted()).toEqual(['first', 'flaky']);
  });
});
