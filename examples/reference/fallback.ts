// Fallback: another handler for the same node and input, once, after the retries. The result says where it came from.
// Here a price is converted at today's rate or, if the bank does not answer, at the last one known.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Price = z.object({ dollars: z.number(), bankUrl: z.url(), lastKnownRate: z.number().optional() });
const Euros = z.object({ euros: z.number() });

class NoRate extends Error {
  override readonly name = 'NoRate';
}

const atTodaysRate = defineNode({
  type: 'price.at-todays-rate',
  input: Price,
  output: Euros,
  async execute({ dollars, bankUrl }, { signal }) {
    const response = await fetch(bankUrl, { signal });
    if (!response.ok) throw new NoRate(`The bank answered ${response.status}`);
    return { euros: dollars * z.number().parse(await response.json()) };
  },
});

const atLastKnownRate = defineNode({
  type: 'price.at-last-known-rate',
  input: Price,
  output: Euros,
  execute({ dollars, lastKnownRate }) {
    if (lastKnownRate === undefined) throw new NoRate('No rate is known from before');
    return { euros: dollars * lastKnownRate };
  },
});

export default defineWorkflow({
  name: 'convert-price',
  input: Price,
  nodes: { convert: { handler: atTodaysRate, fallback: { handler: atLastKnownRate } } },
});
