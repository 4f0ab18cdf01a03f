// Pools: at most so many handlers of a pool run at once, whatever executions they belong to. Here two printers print labels.
// Locally `new WorkflowExecutor({ pools: { 'label-printers': { size: 2 } } })`; on AWS the stack's `pools`, a queue each.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Shipment = z.object({ shipment: z.string(), printerUrl: z.url() });

const printLabel = defineNode({
  type: 'shipment.print-label',
  input: Shipment,
  output: z.object({ printed: z.string() }),
  async execute({ shipment, printerUrl }, { signal }) {
    const response = await fetch(printerUrl, { method: 'POST', body: shipment, signal });
    return { printed: await response.text() };
  },
});

export default defineWorkflow({
  name: 'ship',
  input: Shipment,
  nodes: {
    label: { handler: printLabel, pool: 'label-printers' },
    returnLabel: { handler: printLabel, pool: 'label-printers' },
  },
});
