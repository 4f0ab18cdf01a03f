import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';

/** What the input steers the stand-ins for a payment gateway, a warehouse and a courier with. */
const Card = z.enum(['ok', 'declined', 'busy-once']);

export const Order = z.object({
  orderId: z.string().min(1),
  lines: z
    .array(
      z.object({
        sku: z.string().min(1),
        quantity: z.int().min(1),
        unitPriceCents: z.int().min(0),
        inStock: z.int().min(0),
      }),
    )
    .min(1),
  card: Card,
  courier: z.enum(['ok', 'down']).default('ok'),
});
export type Order = z.infer<typeof Order>;

const ValidOrder = Order.extend({ totalCents: z.int() });

class OrderError extends Error {
  override readonly name: 'CardDeclined' | 'OutOfStock';
  constructor(name: 'CardDeclined' | 'OutOfStock', message: string) {
    super(message);
    this.name = name;
  }
}

class GatewayBusy extends Error {
  override readonly name = 'GatewayBusy';
}

/** An order without lines, or with none of something, does not get past the input schema. */
export const validate = defineNode({
  type: 'orders.validate',
  input: Order,
  output: ValidOrder,
  execute: (order) => ({
    ...order,
    totalCents: order.lines.reduce((sum, { quantity, unitPriceCents }) => sum + quantity * unitPriceCents, 0),
  }),
});

export const Reservation = z.object({ reservationId: z.string() });

/** Returns its failure; `charge` throws: the two are the same to the engine. */
export const reserve = defineNode({
  type: 'orders.reserve',
  input: ValidOrder,
  output: Reservation,
  execute: ({ orderId, lines }) => {
    const short = lines.find(({ quantity, inStock }) => quantity > inStock);
    if (short !== undefined) {
      const { sku, quantity, inStock } = short;
      return NodeResult.failure(
        new OrderError('OutOfStock', `${quantity} of ${sku} are ordered, ${inStock} are in stock`),
      );
    }
    return NodeResult.success({ reservationId: `reservation-${orderId}` });
  },
});

export const Charge = z.object({ chargeId: z.string(), amountCents: z.int() });

export const charge = defineNode({
  type: 'orders.charge',
  input: ValidOrder,
  output: Charge,
  execute: ({ orderId, card, totalCents }, { attempt }) => {
    if (card === 'declined') throw new OrderError('CardDeclined', `The card for order ${orderId} was declined`);
    if (card === 'busy-once' && attempt === 1) throw new GatewayBusy('The payment gateway is busy; try again');
    // A real gateway would get the context's idempotencyKey, so that a repeated attempt charges once.
    return { chargeId: `charge-${orderId}`, amountCents: totalCents };
  },
});

const ShipInput = z.object({ orderId: z.string(), courier: z.enum(['ok', 'down']), reservationId: z.string() });
export const Shipment = z.object({ trackingId: z.string(), by: z.enum(['courier', 'post']) });
export type Shipment = z.infer<typeof Shipment>;

export const ship = defineNode({
  type: 'orders.ship',
  input: ShipInput,
  output: Shipment,
  execute: ({ orderId, courier }): Shipment => {
    if (courier === 'down') throw new Error('The courier does not answer');
    return { trackingId: `courier-${orderId}`, by: 'courier' };
  },
});

export const shipByPost = defineNode({
  type: 'orders.ship-by-post',
  input: ShipInput,
  output: Shipment,
  execute: ({ orderId }): Shipment => ({ trackingId: `post-${orderId}`, by: 'post' }),
});

export const release = defineNode({
  type: 'orders.release',
  input: Reservation,
  output: z.object({ released: z.string() }),
  execute: ({ reservationId }) => ({ released: reservationId }),
});

export const refund = defineNode({
  type: 'orders.refund',
  input: Charge,
  output: z.object({ refunded: z.string(), amountCents: z.int() }),
  execute: ({ chargeId, amountCents }) => ({ refunded: chargeId, amountCents }),
});
