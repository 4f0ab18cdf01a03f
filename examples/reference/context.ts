// What a node can see: its input, results of earlier nodes by `$nodes`, the workflow's input by `$input`, and `$globals`, a
// snapshot given at the start that nobody changes. The handler's context says which execution, node and attempt it is.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Ticket = z.object({ film: z.string(), age: z.int() });

const price = defineNode({
  type: 'cinema.price',
  input: z.object({ age: z.int(), prices: z.record(z.string(), z.number()) }),
  output: z.number(),
  execute: ({ age, prices }) => (age < 14 ? prices.child : prices.adult) ?? 0,
});

const print = defineNode({
  type: 'cinema.print',
  input: z.object({ film: z.string(), euros: z.number() }),
  output: z.object({ ticket: z.string(), number: z.string(), node: z.string(), attempt: z.int() }),
  execute({ film, euros }, { executionId, nodeId, attempt, idempotencyKey, globals, logger }) {
    logger.info('printing', { film });
    return {
      ticket: `${globals.cinema}: ${film}, ${euros} €, order ${executionId}`,
      number: idempotencyKey,
      node: nodeId,
      attempt,
    };
  },
});

export default defineWorkflow({
  name: 'cinema-ticket',
  input: Ticket,
  nodes: {
    price: { handler: price, input: { age: '{% $input.age %}', prices: '{% $globals.prices %}' } },
    print: { handler: print, dependsOn: ['price'], input: { film: '{% $input.film %}', euros: '{% $nodes.price %}' } },
  },
});
