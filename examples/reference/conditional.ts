// Conditional: one node at a time, from `start`; each says where to go on. Here an expense claim is reviewed or paid.
// A handler's `conditionalNext` beats its `nextNodeId`, that its node's `choices`, those its `next`. Loops are allowed.
import { defineNode } from 'fanjoin/node';
import { NodeResult } from 'fanjoin/node-result';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Claim = z.object({
  employee: z.string(),
  cents: z.int(),
  /** So many reminders does it take. */
  receiptAfter: z.int().min(1).default(1),
});
const Receipt = z.object({ receipt: z.string().nullable() });

const assess = defineNode({
  type: 'claims.assess',
  input: z.object({ claim: Claim, receipt: z.string().nullable() }),
  output: z.object({ cents: z.int(), needsReceipt: z.boolean() }),
  execute({ claim: { cents }, receipt }) {
    if (cents <= 2_000) return NodeResult.success({ cents, needsReceipt: false }, { conditionalNext: 'pay' });
    if (receipt === null) return NodeResult.success({ cents, needsReceipt: true }, { nextNodeId: 'askForReceipt' });
    return { cents, needsReceipt: true };
  },
});

const askForReceipt = defineNode({
  type: 'claims.ask-for-receipt',
  input: Claim,
  output: Receipt,
  execute: ({ employee, receiptAfter }, { visit }) => ({
    receipt: visit >= receiptAfter ? `receipt of ${employee}` : null,
  }),
});

const pay = defineNode({
  type: 'claims.pay',
  input: Claim,
  output: z.object({ paidCents: z.int() }),
  execute: ({ cents }) => ({ paidCents: cents }),
});

const review = defineNode({
  type: 'claims.review',
  input: Claim,
  output: z.object({ reviewedBy: z.string() }),
  execute: () => ({ reviewedBy: 'the controller' }),
});

export default defineWorkflow({
  name: 'expense-claim',
  strategy: 'conditional',
  input: Claim,
  start: 'assess',
  maxVisits: 5,
  nodes: {
    assess: {
      handler: assess,
      input: '{% { "claim": $input, "receipt": $nodes.askForReceipt.receipt ?: null } %}',
      mayRouteTo: ['pay', 'askForReceipt'],
      choices: [{ when: '{% $output.cents > 100000 %}', next: 'review' }],
      next: 'pay',
    },
    askForReceipt: { handler: askForReceipt, next: 'assess' },
    review: { handler: review, next: 'pay' },
    pay: { handler: pay },
  },
});
