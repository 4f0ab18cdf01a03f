import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { anExecutor, chain } from '../support/observed-executor.ts';

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
