import { WorkflowExecutor } from './shared/executor/workflow-executor.ts';
import { defineNode } from './shared/nodes/define-node.ts';
import { priceOf, sumOperations } from './shared/observability/prices.ts';

const double = defineNode({ type: 'double', execute: ({ n }: any) => 2 * n });
const sum = defineNode({ type: 'sum', execute: (v: any) => Object.values(v).length });
const ids = (c: number) => Array.from({ length: c }, (_, i) => `n${i}`);
const shapes: any = {
  chain10: {
    name: 'chain',
    nodes: Object.fromEntries(
      ids(10).map((id, n) => [
        id,
        n === 0
          ? { handler: 'double', input: { n: 1 } }
          : { handler: 'double', dependsOn: [`n${n - 1}`], input: '{% { "n": $ } %}' },
      ]),
    ),
  },
  diamond: {
    name: 'diamond',
    nodes: {
      a: { handler: 'double', input: { n: 1 } },
      b: { handler: 'double', dependsOn: ['a'], input: { n: 1 } },
      c: { handler: 'double', dependsOn: ['a'], input: { n: 1 } },
      d: { handler: 'sum', dependsOn: ['b', 'c'] },
    },
  },
  fan100: {
    name: 'fan',
    config: { maxParallelNodes: 100 },
    nodes: {
      ...Object.fromEntries(ids(100).map((id, n) => [id, { handler: 'double', input: { n } }])),
      total: { handler: 'sum', dependsOn: ids(100) },
    },
  },
  map10k: {
    name: 'map',
    config: { maxParallelNodes: 100 },
    nodes: { each: { type: 'map', handler: 'double', items: '{% [1..10000].{ "n": $ } %}' } },
  },
  map10kby100: {
    name: 'mapc',
    config: { maxParallelNodes: 100 },
    nodes: { each: { type: 'map', handler: 'double', items: '{% [1..10000].{ "n": $ } %}', chunkSize: 100 } },
  },
};
for (const [name, def] of Object.entries(shapes)) {
  if (process.argv[2] && !process.argv[2].split(',').includes(name)) continue;
  await using ex = new WorkflowExecutor({ handlers: [double, sum], advance: (process.argv[3] as any) ?? 'eager' });
  const r = await ex.execute(def as any, null);
  if (r.status !== 'SUCCEEDED') console.log(r.error);
  const { estimatedUsd, ...c } = r.metrics.billedOperations;
  console.log(name, `$${(estimatedUsd * 1e6).toFixed(2)}/M`, JSON.stringify(c));
}
