// History: what happened, in order, each event once: `handle.history()` in pages, `handle.events()` as it comes.
// Here a claim is checked and paid, and its file is printed from the history.
import type { ExecutionHandle } from 'fanjoin/executor';
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Damage = z.object({ policy: z.string(), euros: z.int() });

const check = defineNode({ type: 'damage.check', input: Damage, output: Damage, execute: (damage) => damage });

const inspect = defineNode({
  type: 'damage.inspect',
  input: Damage,
  output: z.object({ inspected: z.string() }),
  execute: ({ policy }) => ({ inspected: policy }),
});

const pay = defineNode({
  type: 'damage.pay',
  input: Damage,
  output: z.object({ paid: z.int() }),
  execute: ({ euros }) => ({ paid: euros }),
});

export default defineWorkflow({
  name: 'damage',
  input: Damage,
  nodes: {
    check: { handler: check },
    inspect: { handler: inspect, dependsOn: ['check'], runIf: '{% euros > 1000 %}' },
    pay: { handler: pay, dependsOn: ['check', 'inspect'], triggerRule: 'none_failed', input: '{% $nodes.check %}' },
  },
});

/** `check NodeSucceeded`, `inspect NodeSkipped`, … */
export async function file(handle: ExecutionHandle): Promise<string[]> {
  const lines: string[] = [];
  for await (const event of handle.events())
    lines.push('nodeId' in event ? `${event.nodeId} ${event.type}` : event.type);
  return lines;
}
