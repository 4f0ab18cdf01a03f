import { describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { historyProblems } from '../support/history-agreement.ts';
import { aFile, aHeldWorkflow, anExecutor, chain, echo, historyOf } from '../support/observed-executor.ts';

const typesOf = (events: readonly ExecutionEvent[]) => events.map(({ type }) => type);

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
