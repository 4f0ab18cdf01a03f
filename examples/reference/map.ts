// Map: one handler for each of many items, in chunks; the outputs come in the items' order. Here invitations are sent.
// A few bad addresses are tolerated: their outputs are null.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Party = z.object({ host: z.string(), guests: z.array(z.string()) });
const Invitation = z.object({ to: z.string(), from: z.string(), number: z.int() });

class BadAddress extends Error {
  override readonly name = 'BadAddress';
}

const invite = defineNode({
  type: 'party.invite',
  input: Invitation,
  output: z.string(),
  execute({ to, from, number }) {
    if (!to.includes('@')) throw new BadAddress(`'${to}' is no address`);
    return `invitation ${number} from ${from} to ${to}`;
  },
});

const count = defineNode({
  type: 'party.count',
  input: z.array(z.string().nullable()),
  output: z.object({ invited: z.int(), failed: z.int() }),
  execute: (invitations) => {
    const invited = invitations.filter((invitation) => invitation !== null).length;
    return { invited, failed: invitations.length - invited };
  },
});

export default defineWorkflow({
  name: 'party',
  input: Party,
  nodes: {
    invite: {
      type: 'map',
      handler: invite,
      items: '{% guests %}',
      itemInput: { to: '{% $item %}', from: '{% $input.host %}', number: '{% $index + 1 %}' },
      // Three guests to a message; two messages at once.
      chunkSize: 3,
      maxConcurrency: 2,
      toleratedFailurePercentage: 20,
    },
    count: { handler: count, dependsOn: ['invite'] },
  },
});
