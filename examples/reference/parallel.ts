// Parallel, the default: a node starts as soon as the nodes in its own `dependsOn` are done. Here three offers make a trip.
// `runIf` skips what is not wanted; a trigger rule says what must hold of the nodes one waits for.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Trip = z.object({ city: z.string(), nights: z.int().min(1), travellers: z.int().min(1) });
const Price = z.object({ cents: z.int() });

const flight = defineNode({
  type: 'trip.flight',
  input: Trip,
  output: Price,
  execute: ({ travellers }) => ({ cents: travellers * 12_000 }),
});

const hotel = defineNode({
  type: 'trip.hotel',
  input: Trip,
  output: Price,
  execute: ({ nights, travellers }) => ({ cents: nights * Math.ceil(travellers / 2) * 9_000 }),
});

const car = defineNode({
  type: 'trip.car',
  input: Trip,
  output: Price,
  execute: ({ nights }) => ({ cents: nights * 4_000 }),
});

/** Receives `{ flight, hotel, car }`; what was skipped is null. */
const offer = defineNode({
  type: 'trip.offer',
  input: z.record(z.string(), Price.nullable()),
  output: z.object({ parts: z.array(z.string()), cents: z.int() }),
  execute: (prices) => ({
    parts: Object.keys(prices).filter((part) => prices[part] !== null),
    cents: Object.values(prices).reduce((sum, price) => sum + (price?.cents ?? 0), 0),
  }),
});

export default defineWorkflow({
  name: 'trip-offer',
  input: Trip,
  nodes: {
    flight: { handler: flight },
    hotel: { handler: hotel },
    car: { handler: car, runIf: '{% nights > 2 %}' },
    offer: { handler: offer, dependsOn: ['flight', 'hotel', 'car'], triggerRule: 'none_failed' },
  },
});
