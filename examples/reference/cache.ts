// Cache: on a node it reuses the output for the same input, on a workflow the whole execution's. Only successes are kept.
// Here an address is looked up once an hour at most; a route is planned once, however many ask for it at the same time.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Stop = z.object({ address: z.string(), mapUrl: z.url() });
const Place = z.object({ latitude: z.number(), longitude: z.number() });

const locate = defineNode({
  type: 'delivery.locate',
  // Part of the key: with a new version nothing old is reused.
  version: '1',
  input: Stop,
  output: Place,
  async execute({ address, mapUrl }, { signal }) {
    const response = await fetch(`${mapUrl}?q=${encodeURIComponent(address)}`, { signal });
    return Place.parse(await response.json());
  },
});

/** Each execution is its own; the place is not looked up again. */
export default defineWorkflow({
  name: 'locate-stop',
  input: Stop,
  nodes: { locate: { handler: locate, cache: { ttlSeconds: 3_600 } } },
});

/** A hit is an execution that runs nothing: `result.cachedFrom` says whose output it has. */
export const planRoute = defineWorkflow({
  name: 'plan-route',
  input: Stop,
  cache: { ttlSeconds: 600 },
  nodes: { locate: { handler: locate } },
});
