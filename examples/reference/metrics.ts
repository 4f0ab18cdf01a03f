// Metrics: `executor.metrics(workflow)` counts what ended, how, and how long it and each node took; any process can ask.
// `result.metrics` says the same of one execution, with where the time went. Here loans are scored, good ones and bad ones.
import type { WorkflowExecutor } from 'fanjoin/executor';
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Loan = z.object({ income: z.number(), rate: z.number() });

class CannotAfford extends Error {
  override readonly name = 'CannotAfford';
}

const score = defineNode({
  type: 'loan.score',
  input: Loan,
  output: z.number(),
  execute: ({ income, rate }) => Math.round((rate / income) * 100),
});

const decide = defineNode({
  type: 'loan.decide',
  input: z.number(),
  output: z.literal('granted'),
  execute(percent) {
    if (percent > 40) throw new CannotAfford(`The rate is ${percent} % of the income`);
    return 'granted' as const;
  },
});

export default defineWorkflow({
  name: 'loan',
  input: Loan,
  nodes: { score: { handler: score }, decide: { handler: decide, dependsOn: ['score'] } },
});

/** `4 loans, 3 granted; deciding takes 12 ms at the median`. */
export async function report(executor: WorkflowExecutor): Promise<string> {
  const { totalExecutions, successfulExecutions, nodeExecutionTimes } = await executor.metrics('loan');
  const { p50Ms = 0 } = nodeExecutionTimes.decide ?? {};
  return `${totalExecutions} loans, ${successfulExecutions} granted; deciding takes ${Math.round(p50Ms)} ms at the median`;
}
