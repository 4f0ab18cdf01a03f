// Callbacks: `executor.callbacks.addHandler({ onNodeComplete, … })`, any subset of five methods, sync or async.
// Here they keep the log of a parcel's way. One that throws is logged and harms nothing.
import type { CallbackHandler } from 'fanjoin/callbacks';
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Parcel = z.object({ parcel: z.string(), kilograms: z.number() });

class TooHeavy extends Error {
  override readonly name = 'TooHeavy';
}

const weigh = defineNode({
  type: 'parcel.weigh',
  input: Parcel,
  output: Parcel,
  execute(parcel) {
    if (parcel.kilograms > 30) throw new TooHeavy(`${parcel.parcel} weighs ${parcel.kilograms} kg, over 30 kg`);
    return parcel;
  },
});

const load = defineNode({
  type: 'parcel.load',
  input: Parcel,
  output: z.object({ truck: z.int() }),
  execute: ({ kilograms }) => ({ truck: kilograms > 10 ? 2 : 1 }),
});

export default defineWorkflow({
  name: 'parcel',
  input: Parcel,
  // With an endpoint, `onNodeStart` is told only of executions that are traced: nobody else pays for that write.
  config: { traceExecution: true },
  nodes: { weigh: { handler: weigh }, load: { handler: load, dependsOn: ['weigh'] } },
});

/** Every call also says which execution it is about. */
export const keepLog = (log: (line: string) => void): CallbackHandler => ({
  onWorkflowStart: (workflow, _input, { executionId }) => log(`${executionId}: ${workflow} begins`),
  onNodeStart: (node, _input, { executionId }) => log(`${executionId}: ${node} begins`),
  onNodeComplete: (node, output, { executionId }) => log(`${executionId}: ${node} gave ${JSON.stringify(output)}`),
  onError: ({ name, message }, { executionId }) => log(`${executionId}: ${name}: ${message}`),
  onWorkflowComplete: (workflow, _output, { executionId, status }) => log(`${executionId}: ${workflow} ${status}`),
});
