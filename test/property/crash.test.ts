import { describe, expect, it } from 'vitest';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';
import { type Ended, runWithCrashes, type Workload } from '../support/crashing.ts';
import { aMap, aTask } from '../support/factories.ts';
import { anError } from '../support/factories-runner.ts';

const define = (type: string, execute: (input: never, context: { attempt: number; visit: number }) => unknown) =>
  defineNode({ type, execute: (input: never, context) => execute(input, context) });

const double = define('double', (n: number) => n * 2);
const sum = define('sum', (parts: Record<string, number>) =>
  Object.values(parts).reduce((total, part) => total + part, 0),
);
const flaky = define('flaky', (n: number, { attempt }) => {
  if (attempt === 1) throw anError('Flaky');
  return n + 1;
});
const broken = define('broken', () => {
  throw anError('Broken');
});
const failOdd = define('fail-odd', (n: number, { attempt }) => {
  if (n % 2 === 1) throw anError('Odd');
  if (attempt === 1 && n === 4) throw anError('Flaky');
  return n;
});
const large = define('large', (n: number) => 'x'.repeat(20_000 + n));
const loop = define('loop', (_input, { visit }) => NodeResult.success(visit, visit < 4 ? { nextNodeId: 'again' } : {}));
const pausing = define('pausing', (n: number) => n);
const handlers = [double, sum, flaky, broken, failOdd, large, loop, pausing];
const retry = { maxRetries: 2, intervalSeconds: 0.005 };

const workloads: Readonly<Record<string, Workload>> = {
  'a graph with retries, a fallback, a caught and an absorbed failure': {
    handlers,
    input: 3,
    definition: {
      name: 'graph',
      config: { maxParallelNodes: 2 },
      nodes: {
        a: aTask({ handler: 'double' }),
        b: aTask({ handler: 'flaky', dependsOn: ['a'], retry }),
        c: aTask({
          handler: 'broken',
          dependsOn: ['a'],
          retry: { ...retry, maxRetries: 1 },
          fallback: { handler: 'double' },
        }),
        d: aTask({ handler: 'broken', dependsOn: ['a'], catch: [{ errors: ['*'], output: 100 }] }),
        e: aTask({ handler: 'broken', dependsOn: ['a'] }),
        f: aTask({ handler: 'sum', dependsOn: ['b', 'c', 'd'] }),
        g: aTask({ handler: 'sum', dependsOn: ['f', 'e'], triggerRule: 'all_done', input: { f: '{% $nodes.f %}' } }),
      },
    } as never,
  },
  'a map that may just lose what it loses': {
    handlers,
    input: [0, 1, 2, 3, 4, 5, 6],
    definition: {
      name: 'map',
      config: { maxParallelNodes: 3 },
      nodes: {
        m: aMap({ handler: 'fail-odd', chunkSize: 2, toleratedFailureCount: 3, retry: { ...retry, maxRetries: 1 } }),
        n: aMap({ handler: 'large', dependsOn: ['m'], items: '{% [0..2] %}' }),
      },
    } as never,
  },
  'a route with a loop': {
    handlers,
    input: 1,
    definition: {
      name: 'route',
      strategy: 'conditional',
      nodes: {
        again: aTask({ handler: 'loop', mayRouteTo: ['again'], next: 'last' }),
        last: aTask({ handler: 'flaky', retry, input: '{% $nodes.again %}' }),
      },
    } as never,
  },
  'a sequence that is paused and resumed': {
    handlers,
    input: 1,
    definition: {
      name: 'paused',
      strategy: 'sequential',
      nodes: {
        a: aTask({ handler: 'pausing' }),
        b: aTask({ handler: 'flaky', retry }),
        c: aTask({ handler: 'double' }),
      },
    } as never,
    async drive(handle) {
      await handle.pause().catch(() => undefined);
      const paused = await handle.result();
      if (paused.status === 'PAUSED') await handle.resume();
      return handle.result();
    },
  },
};

const essence = ({ result, results }: Ended) => ({
  status: result.status,
  output: result.output,
  error: result.error?.name,
  ended: results.map(({ nodeId, visit, status, source, output, error, failures, attempts }) => ({
    nodeId,
    visit,
    status,
    source,
    output,
    error: error?.name,
    failures: failures?.map(({ index, error: { name } }) => [index, name]),
    // What waits in memory for its next attempt goes on with that one: what was tried is on record.
    attempts: attempts.map(({ attempt }) => attempt),
  })),
});

describe.each(Object.entries(workloads))('%s', (_name, workload) => {
  it('ends the same after a crash at any write', { timeout: 120_000 }, async () => {
    const uninterrupted = await runWithCrashes(workload, []);

    for (let cut = 0; cut < uninterrupted.writes + 3; cut++) {
      const ended = await runWithCrashes(workload, [cut]);

      expect(essence(ended), `after write ${cut}`).toEqual(essence(uninterrupted));
    }
  });

  it('ends the same however often it crashes, so long as it gets on', { timeout: 120_000 }, async () => {
    const uninterrupted = await runWithCrashes(workload, []);

    const ended = await runWithCrashes(
      workload,
      Array.from({ length: 40 }, (_, crash) => 3 + (crash % 5)),
    );

    expect(essence(ended)).toEqual(essence(uninterrupted));
  });
});
