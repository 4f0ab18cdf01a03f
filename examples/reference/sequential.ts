// Sequential: nodes run in the order in which they are written, each on the output of the one before.
// The last output is the execution's. Here the lines of an order become an invoice.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Order = z.object({ lines: z.array(z.object({ item: z.string(), quantity: z.int(), priceCents: z.int() })) });
const Invoice = z.object({ netCents: z.int(), taxCents: z.int().optional() });

const addUp = defineNode({
  type: 'invoice.add-up',
  input: Order,
  output: Invoice,
  execute: ({ lines }) => ({
    netCents: lines.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0),
  }),
});

const discount = defineNode({
  type: 'invoice.discount',
  input: Invoice,
  output: Invoice,
  execute: ({ netCents }) => ({ netCents: netCents >= 10_000 ? Math.round(netCents * 0.95) : netCents }),
});

const tax = defineNode({
  type: 'invoice.tax',
  input: Invoice,
  output: Invoice,
  execute: ({ netCents }) => ({ netCents, taxCents: Math.round(netCents * 0.19) }),
});

export default defineWorkflow({
  name: 'invoice',
  strategy: 'sequential',
  input: Order,
  nodes: { addUp: { handler: addUp }, discount: { handler: discount }, tax: { handler: tax } },
});
