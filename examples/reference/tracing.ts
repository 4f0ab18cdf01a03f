// Tracing: with `traceExecution` an execution is a trace, with a span for each attempt at a node; any OpenTelemetry exporter.
// Locally `new WorkflowExecutor({ tracing: { exporter } })`; on AWS the stack's `tracing`. Here a blood sample is analysed.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Sample = z.object({ patient: z.string(), millilitres: z.number() });

class TooLittle extends Error {
  override readonly name = 'TooLittle';
}

const centrifuge = defineNode({
  type: 'lab.centrifuge',
  input: Sample,
  output: z.object({ plasma: z.number() }),
  execute({ millilitres }, { attempt }) {
    if (millilitres < 2 && attempt === 1) throw new TooLittle(`${millilitres} ml are too little for one run`);
    return { plasma: millilitres * 0.55 };
  },
});

const analyse = defineNode({
  type: 'lab.analyse',
  input: z.object({ plasma: z.number() }),
  output: z.object({ isEnough: z.boolean() }),
  execute: ({ plasma }) => ({ isEnough: plasma > 1 }),
});

export default defineWorkflow({
  name: 'blood-sample',
  input: Sample,
  config: { traceExecution: true },
  nodes: {
    centrifuge: { handler: centrifuge, retry: { maxRetries: 1, intervalSeconds: 0.1 } },
    analyse: { handler: analyse, dependsOn: ['centrifuge'] },
  },
});
