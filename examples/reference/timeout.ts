// Timeouts: 60 s for an attempt at a node, 300 s for an execution, unless they say otherwise. Here a price is asked for.
// A node over its time fails with NodeTimedOut; an execution over its own ends TIMED_OUT, with the results that stand.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Part = z.object({ part: z.string(), listPriceCents: z.int(), supplierUrl: z.url() });
const Price = z.object({ cents: z.int() });

const listPrice = defineNode({
  type: 'purchase.list-price',
  input: Part,
  output: Price,
  execute: ({ listPriceCents }) => ({ cents: listPriceCents }),
});

const askSupplier = defineNode({
  type: 'purchase.ask-supplier',
  input: Part,
  output: Price,
  async execute({ part, supplierUrl }, { signal }) {
    const response = await fetch(`${supplierUrl}?part=${part}`, { signal });
    return Price.parse(await response.json());
  },
});

export default defineWorkflow({
  name: 'purchase',
  input: Part,
  config: { timeoutSeconds: 60 },
  nodes: {
    listPrice: { handler: listPrice },
    supplier: { handler: askSupplier, dependsOn: ['listPrice'], input: '{% $input %}', timeoutSeconds: 1 },
  },
});
