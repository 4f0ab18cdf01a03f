import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { historyProblems } from '../support/history-agreement.ts';
import { aFile, aHeldWorkflow, anExecutor, chain, crashCopy, echo, historyOf } from '../support/observed-executor.ts';

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
