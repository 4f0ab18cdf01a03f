import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import {
  type ExecutionHandle,
  WorkflowExecutor,
  type WorkflowExecutorOptions,
} from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { historyProblems } from '../support/history-agreement.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-observability-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const aFile = () => join(folder, `${++files}.db`);

const echo = defineNode({ type: 'echo', execute: (input: unknown) => input });
const fails = defineNode({
  type: 'fails',
  execute: () => {
    throw new TypeError('as the test asks');
  },
});
const anExecutor = (options: WorkflowExecutorOptions = {}) =>
  new WorkflowExecutor({ handlers: [echo, fails], logLevel: 'error', ...options });

/** Stays in its second node until it is let go. */
function aHeldWorkflow() {
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

const chain: DefinitionInput = {
  name: 'chain',
  strategy: 'sequential',
  nodes: { a: { handler: 'echo' }, b: { handler: 'echo' } },
};

async function historyOf(handle: Pick<ExecutionHandle, 'history'>, limit?: number): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  let after: string | undefined;
  do {
    const page = await handle.history({ ...(limit && { limit }), ...(after !== undefined && { after }) });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

const typesOf = (events: readonly ExecutionEvent[]) => events.map(({ type }) => type);

/** What a kill would leave of a file: its pages and its log, as they are now. */
function crashCopy(file: string): string {
  const copy = aFile();
  for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  return copy;
}

describe('an execution’s history', () => {
  it('agrees with its results', async () => {
    await using executor = anExecutor();
    const definition: DefinitionInput = {
      name: 'mixed',
      config: { traceExecution: true },
      nodes: {
        a: { handler: 'echo' },
        flaky: {
          handler: 'fails',
          dependsOn: ['a'],
          retry: { maxRetries: 2, intervalSeconds: 0.01 },
          catch: [{ errors: ['*'] }],
        },
        each: { type: 'map', handler: 'echo', dependsOn: ['a'], input: [1, 2, 3], chunkSize: 2 },
        never: { handler: 'echo', dependsOn: ['a'], runIf: '{% false %}' },
      },
    };
    const handle = await executor.start(definition, 'x');
    await handle.result();

    const events = await historyOf(handle);

    const { results } = await handle.results();
    expect(historyProblems(events, results)).toEqual([]);
    const counts = Object.fromEntries(
      [...Map.groupBy(typesOf(events), (type) => type)].map(([type, all]) => [type, all.length]),
    );
    expect(counts).toEqual({
      ExecutionStarted: 1,
      // Three attempts of the flaky node, and the map with its two chunks.
      NodeStarted: 7,
      NodeRetryScheduled: 2,
      NodeSucceeded: 3,
      NodeSkipped: 1,
      MapPlanned: 1,
      ChunkSettled: 2,
      ExecutionEnded: 1,
    });
  });

  it('comes in pages, and is over when the end is told', async () => {
    await using executor = anExecutor();
    const { executionId } = await executor.execute(chain, 1);
    const handle = executor.get(executionId);

    const page = await handle.history({ limit: 2 });

    expect(page).toMatchObject({ isOver: false, next: page.events[1]?.position });
    expect(typesOf(await historyOf(handle, 1))).toEqual(typesOf(await historyOf(handle)));
    expect(await handle.history()).toMatchObject({ isOver: true });
    await expect(handle.history({ after: 'nowhere' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(executor.get('unknown').history()).rejects.toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
  });

  it('tells pauses, cancels and redrives', async () => {
    const { definition, hold, letGo, hasBegun } = aHeldWorkflow();
    await using executor = anExecutor({ handlers: [echo, hold] });
    const handle = await executor.start(definition, 1);
    await hasBegun;
    await handle.pause();
    letGo();
    await handle.result();
    await handle.resume();
    await handle.result();
    const failing = await executor.start(
      { name: 'failing', nodes: { a: { handler: 'echo', input: '{% $nope.x %}' } } },
      1,
    );
    await failing.result();
    await failing.redrive();
    await failing.result();

    const types = typesOf(await historyOf(handle));
    const redriven = await historyOf(failing);

    expect(types.filter((type) => type.startsWith('Execution'))).toEqual([
      'ExecutionStarted',
      'ExecutionPaused',
      'ExecutionResumed',
      'ExecutionEnded',
    ]);
    expect(typesOf(redriven)).toEqual([
      'ExecutionStarted',
      'NodeFailed',
      'ExecutionEnded',
      'ExecutionRedriven',
      'NodeFailed',
      'ExecutionEnded',
    ]);
    expect(historyProblems(redriven, (await failing.results()).results)).toEqual([]);
  });

  it('is followed as it happens, until the end', async () => {
    const { definition, hold, letGo, hasBegun } = aHeldWorkflow();
    await using executor = anExecutor({ handlers: [echo, hold] });
    const handle = await executor.start(definition, 1);
    const seen: string[] = [];

    for await (const event of handle.events()) {
      seen.push(event.type);
      if (event.type === 'NodeSucceeded' && event.nodeId === 'first') {
        await hasBegun;
        letGo();
      }
    }

    expect(seen).toEqual(typesOf(await historyOf(handle)));
    expect(seen.at(-1)).toBe('ExecutionEnded');
  });

  it('is followed from any place, and no longer than wanted', async () => {
    const { definition, hold, letGo, hasBegun } = aHeldWorkflow();
    await using executor = anExecutor({ handlers: [echo, hold] });
    const handle = await executor.start(definition, 1);
    await hasBegun;
    const [start] = (await handle.history()).events;
    const seen: string[] = [];
    const stop = AbortSignal.timeout(200);

    for await (const { type } of handle.events({ after: start?.position ?? '', signal: stop })) seen.push(type);
    letGo();

    expect(seen).toEqual(['NodeSucceeded']);
  });

  it('is read and followed by other processes', async () => {
    const file = aFile();
    await using executor = anExecutor({ database: file });
    const { executionId } = await executor.execute(chain, 1);
    const client = new LocalClient({ database: file, clock: systemClock });

    const page = await client.history(executionId, { waitMs: 5_000 });
    const listed = await client.list();
    await client.close();

    expect(page.events[0]?.type).toBe('ExecutionStarted');
    expect(listed.executions.map((execution) => execution.executionId)).toEqual([executionId]);
  });

  it('of a new execution from a checkpoint tells only what ran there', async () => {
    const { definition, hold, letGo, hasBegun } = aHeldWorkflow();
    await using executor = anExecutor({ handlers: [echo, hold], config: { enableCheckpoints: true } });
    const handle = await executor.start(definition, 1);
    await hasBegun;
    await handle.pause();
    letGo();
    const { checkpointId } = await handle.result();
    await handle.resume();
    await handle.result();

    const copy = await executor.resumeCheckpoint(checkpointId ?? '');
    await copy.result();

    expect(await historyOf(copy)).toMatchObject([
      { type: 'ExecutionStarted', checkpointId },
      { type: 'NodeSucceeded', nodeId: 'third' },
      { type: 'ExecutionEnded' },
    ]);
    const { totalExecutions, nodeExecutionTimes } = await executor.metrics('held');
    expect([totalExecutions, nodeExecutionTimes.first?.count, nodeExecutionTimes.third?.count]).toEqual([2, 1, 2]);
  });
});

describe('after a crash', () => {
  it('the history and the metrics of what had ended are made whole, once', async () => {
    const file = aFile();
    // Time stands still: nothing of what was heard is written.
    await using crashed = anExecutor({ database: file, clock: new VirtualClock() });
    const { executionId } = await crashed.execute(chain, 1);
    const copy = crashCopy(file);

    for (const _again of [1, 2]) {
      await using executor = anExecutor({ database: copy });
      await expect.poll(async () => (await executor.metrics('chain')).totalExecutions).toBe(1);
      const handle = executor.get(executionId);
      expect(historyProblems(await historyOf(handle), (await handle.results()).results)).toEqual([]);
      expect((await executor.metrics('chain')).nodeExecutionTimes.a?.count).toBe(1);
    }
    // Closed, they have done all there was to do.
    const client = new LocalClient({ database: copy, clock: systemClock });
    expect((await client.metrics('chain')).totalExecutions).toBe(1);
    await client.close();
  });

  it('the history of what goes on has no gap and nothing twice', async () => {
    const file = aFile();
    const { definition, hold, letGo, hasBegun } = aHeldWorkflow();
    await using crashed = anExecutor({ database: file, handlers: [echo, hold], clock: new VirtualClock() });
    const { executionId } = await crashed.start(definition, 1);
    // One part is written, another is not.
    await crashed.get(executionId).history();
    await hasBegun;
    const copy = crashCopy(file);

    await using executor = anExecutor({ database: copy, handlers: [echo, hold] });
    const handle = executor.get(executionId);
    letGo();
    await handle.resume();
    await handle.result();

    const events = await historyOf(handle);
    expect(historyProblems(events, (await handle.results()).results)).toEqual([]);
    expect(events.at(-1)?.type).toBe('ExecutionEnded');
    expect((await executor.metrics('held')).nodeExecutionTimes).toMatchObject({
      first: { count: 1 },
      third: { count: 1 },
    });
  });
});

describe('a file that does not take what is to be observed', () => {
  /** Another connection, with which the test gets into the engine's way. */
  function disturber(file: string) {
    const connection = new DatabaseSync(file);
    return Object.assign(connection, { [Symbol.dispose]: () => connection.close() });
  }

  it('loses nothing of it, and counts nothing twice: an end is counted together with its history', async () => {
    const file = aFile();
    const failing = anExecutor({ database: file });
    const { executionId } = await failing.start(chain, 1);
    using disturbing = disturber(file);
    disturbing.exec(`CREATE TRIGGER no_events BEFORE INSERT ON items WHEN NEW.sk LIKE 'EVENT#%'
      BEGIN SELECT RAISE(ABORT, 'as the test asks'); END`);
    await expect(failing.get(executionId).history()).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    await failing.close();
    disturbing.exec('DROP TRIGGER no_events');

    for (const _again of [1, 2]) {
      await using executor = anExecutor({ database: file });
      const handle = executor.get(executionId);
      if ((await handle.describe()).status === 'RUNNING') await handle.resume();
      await handle.result();
      await expect.poll(async () => (await executor.metrics('chain')).totalExecutions).toBe(1);
      expect(historyProblems(await historyOf(handle), (await handle.results()).results)).toEqual([]);
    }
  });

  it('because another process writes to it is tried again until it does', { timeout: 30_000 }, async () => {
    const file = aFile();
    await using executor = anExecutor({ database: file });
    using disturbing = disturber(file);
    executor.callbacks.addHandler({
      onWorkflowComplete() {
        disturbing.exec('BEGIN IMMEDIATE');
        // The engine, which waits for it without a turn for anybody else, gives up before.
        setTimeout(() => disturbing.exec('COMMIT'), 1_000);
      },
    });

    const { executionId } = await executor.execute(chain, 1);

    await expect
      .poll(async () => (await executor.metrics('chain')).totalExecutions, { timeout: 20_000, interval: 500 })
      .toBe(1);
    const handle = executor.get(executionId);
    expect(historyProblems(await historyOf(handle), (await handle.results()).results)).toEqual([]);
  });
});

describe('callbacks', () => {
  it('have all been called when execute returns', async () => {
    await using executor = anExecutor();
    const heard: unknown[] = [];
    executor.callbacks.addHandler({
      onWorkflowStart: (id, input) => heard.push(['start', id, input]),
      onNodeStart: (id, input) => heard.push(['node start', id, input]),
      async onNodeComplete(id, output) {
        await delay(5);
        heard.push(['node', id, output]);
      },
      onWorkflowComplete: (id, output) => heard.push(['end', id, output]),
    });

    await executor.execute(chain, { n: 1 });

    expect(heard).toEqual([
      ['start', 'chain', { n: 1 }],
      ['node start', 'a', { n: 1 }],
      ['node', 'a', { n: 1 }],
      ['node start', 'b', { n: 1 }],
      ['node', 'b', { n: 1 }],
      ['end', 'chain', { n: 1 }],
    ]);
  });

  it('that never settle hold up neither the execution nor the end of the process for long', async () => {
    const executor = anExecutor();
    executor.callbacks.addHandler({ onNodeStart: () => new Promise(() => undefined) });
    const startedMs = performance.now();

    const result = await executor.execute(chain, 1);
    await executor.close();

    expect(result.success).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

describe('what an executor knows of its executions', () => {
  it('are its last 100 results, of each execution the latest', async () => {
    await using executor = anExecutor();
    for (let n = 0; n < 102; n++) await executor.execute(chain, n);
    const handle = await executor.start(chain, 'last');
    await handle.result();
    await handle.result();

    const { executionHistory } = executor;

    expect(executionHistory).toHaveLength(100);
    expect(executionHistory[0]?.output).toBe(3);
    expect(executionHistory.at(-1)?.output).toBe('last');
  });

  it('are counts and durations by workflow, and where each one’s time went', async () => {
    await using executor = anExecutor();
    const { metrics } = await executor.execute(chain, 1);
    await executor.execute({ ...chain, nodes: { a: { handler: 'fails' } } }, 1);

    const all = await executor.metrics('chain');

    expect(all).toMatchObject({ totalExecutions: 2, successfulExecutions: 1, failedExecutions: 1 });
    expect(all.nodeExecutionTimes).toMatchObject({ a: { count: 2 }, b: { count: 1 } });
    expect(metrics.criticalPath.nodes).toEqual(['a', 'b']);
    expect(await executor.metrics('chain', { toMs: 0 })).toMatchObject({ totalExecutions: 0, averageDurationMs: 0 });
    expect((await executor.list({ workflow: 'chain', status: 'FAILED' })).executions).toHaveLength(1);
  });

  it('stays bounded: a history of 10,000 nodes comes in pages', async () => {
    await using executor = anExecutor({ config: { maxParallelNodes: 1_000 } });
    const nodes = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`n${n}`, { handler: 'echo' }]));
    const handle = await executor.start({ name: 'wide', nodes }, 1);
    await handle.result();

    const events = await historyOf(handle, 1_000);

    expect(events).toHaveLength(10_002);
    const executions = { results: (_id: string, options?: { after?: string }) => handle.results(options) };
    expect(historyProblems(events, await allResults(executions as Parameters<typeof allResults>[0], ''))).toEqual([]);
  }, 60_000);
});
