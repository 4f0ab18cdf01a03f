// Retry: failed attempts are repeated after growing delays; nothing sleeps. `maxRetries` counts retries, not attempts.
// Here a card is charged: a busy gateway is asked again, a declined card never.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Charge = z.object({ card: z.string(), cents: z.int(), gatewayUrl: z.url() });

class GatewayError extends Error {
  override readonly name: 'GatewayBusy' | 'CardDeclined';
  constructor(name: 'GatewayBusy' | 'CardDeclined', message: string) {
    super(message);
    this.name = name;
  }
}

const charge = defineNode({
  type: 'checkout.charge',
  input: Charge,
  output: z.object({ chargeId: z.string() }),
  async execute({ card, cents, gatewayUrl }, { idempotencyKey, signal }) {
    const response = await fetch(gatewayUrl, {
      method: 'POST',
      // The same for every attempt: a charge whose answer was lost is not made again.
      headers: { 'idempotency-key': idempotencyKey },
      body: JSON.stringify({ card, cents }),
      signal,
    });
    if (response.status === 402) throw new GatewayError('CardDeclined', `The card ${card} was declined`);
    if (!response.ok) throw new GatewayError('GatewayBusy', `The gateway answered ${response.status}`);
    return { chargeId: await response.text() };
  },
});

export default defineWorkflow({
  name: 'checkout',
  input: Charge,
  nodes: {
    charge: {
      handler: charge,
      retry: {
        maxRetries: 3,
        intervalSeconds: 0.2,
        backoffRate: 2,
        maxDelaySeconds: 5,
        jitterStrategy: 'FULL',
        nonRetryableErrors: ['CardDeclined'],
      },
    },
  },
});
