// Redrive: `handle.redrive()` goes on from what failed, timed out or was cancelled; what stands is kept.
// Here a month is closed: once the exchange rates can be had again, the trial balance is not drawn up a second time.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Month = z.object({ month: z.string(), accounts: z.record(z.string(), z.number()), ratesUrl: z.url() });
const Amounts = z.record(z.string(), z.number());

class RatesMissing extends Error {
  override readonly name = 'RatesMissing';
}

const trialBalance = defineNode({
  type: 'closing.trial-balance',
  input: Month,
  output: Amounts,
  execute: ({ accounts }) => accounts,
});

const rates = defineNode({
  type: 'closing.rates',
  input: Month,
  output: Amounts,
  async execute({ month, ratesUrl }, { signal }) {
    const response = await fetch(`${ratesUrl}?month=${month}`, { signal });
    if (!response.ok) throw new RatesMissing(`There are no rates for ${month} yet: ${response.status}`);
    return Amounts.parse(await response.json());
  },
});

const revalue = defineNode({
  type: 'closing.revalue',
  input: z.object({ trialBalance: Amounts, rates: Amounts }),
  output: z.object({ euros: z.number() }),
  execute: ({ trialBalance, rates }) => ({
    euros: Object.entries(trialBalance).reduce((sum, [currency, amount]) => sum + amount * (rates[currency] ?? 1), 0),
  }),
});

export default defineWorkflow({
  name: 'close-month',
  input: Month,
  nodes: {
    trialBalance: { handler: trialBalance },
    rates: { handler: rates },
    revalue: { handler: revalue, dependsOn: ['trialBalance', 'rates'] },
  },
});
