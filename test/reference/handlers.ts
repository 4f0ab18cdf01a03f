import * as z from 'zod';
import { handlers as examples } from '../../examples/handlers.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';
import { genericHandlers } from '../support/generic-handlers.ts';

/** Asks a service of the test's for its node. What the service says, it gives; refused, it fails with an error of that name. */
const call = defineNode({
  type: 'test.call',
  input: z.object({ url: z.url() }),
  output: z.string(),
  async execute({ url }, { nodeId, itemIndex, signal }) {
    const body = itemIndex === undefined ? nodeId : `${nodeId} ${itemIndex}`;
    const response = await fetch(url, { method: 'POST', body, signal });
    const said = await response.text();
    if (response.ok) return said;
    throw Object.assign(new Error(`The service answered ${response.status}`), { name: said });
  },
});

/** Looks at no signal. */
const stubbornCall = defineNode({
  type: 'test.stubborn-call',
  input: z.object({ url: z.url() }),
  output: z.string(),
  execute: async ({ url }) => (await fetch(url, { method: 'POST' })).text(),
});

/** Goes where its input says. */
const route = defineNode({
  type: 'test.route',
  input: z.object({ nextNodeId: z.string().exactOptional(), conditionalNext: z.string().exactOptional() }),
  execute: (to) => NodeResult.success('routed', to),
});

/** What the stack of this folder bundles: the examples, and what tests need beside them. */
export const handlers = [...examples, ...genericHandlers(), call, stubbornCall, route];
