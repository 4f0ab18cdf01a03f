import * as z from 'zod';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { defineWorkflow } from '../../../shared/nodes/define-workflow.ts';

const Order = z.object({ id: z.string(), cents: z.int().default(100) });

export const reserve = defineNode({
  type: 'shop.reserve',
  input: Order,
  output: z.object({ reservation: z.string() }),
  execute: ({ id }) => ({ reservation: `reservation-${id}` }),
});

export const charge = defineNode({
  type: 'shop.charge',
  input: Order,
  output: z.object({ charged: z.int() }),
  execute: ({ cents }) => ({ charged: cents }),
});

export const chargeLater = defineNode({
  type: 'shop.charge-later',
  input: Order,
  output: z.object({ charged: z.int() }),
  execute: () => ({ charged: 0 }),
});

export const ship = defineNode({
  type: 'shop.ship',
  input: z.object({ reserve: z.object({ reservation: z.string() }), charge: z.object({ charged: z.int() }) }),
  output: z.string(),
  execute: ({ reserve: { reservation }, charge: { charged } }) => `${reservation} for ${charged}`,
});

/** Two at once, and one after both; `charge` is tried three times, a minute and ten apart. */
export const orders = defineWorkflow({
  name: 'orders',
  input: Order,
  config: { timeoutSeconds: 7_200 },
  nodes: {
    reserve: { handler: reserve },
    charge: { handler: charge, retry: { maxRetries: 2, intervalSeconds: 60, backoffRate: 10 } },
    ship: { handler: ship, dependsOn: ['reserve', 'charge'] },
  },
});
