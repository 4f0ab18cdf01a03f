// Secrets: `secret('name')` stands for a value that the handler alone is given; nothing that is kept or told holds it.
// Locally from the executor's `secrets` or the environment, on AWS from Secrets Manager. Here a text message is sent.
import { defineNode } from 'fanjoin/node';
import { secret } from 'fanjoin/secret';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Message = z.object({ to: z.string(), text: z.string(), gatewayUrl: z.url() });

class GatewayRefused extends Error {
  override readonly name = 'GatewayRefused';
}

const send = defineNode({
  type: 'text-message.send',
  input: z.object({ message: Message, apiKey: z.string() }),
  output: z.object({ sentTo: z.string() }),
  async execute({ message: { to, text, gatewayUrl }, apiKey }, { signal }) {
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(gatewayUrl, { method: 'POST', headers, body: text, signal });
    if (!response.ok) throw new GatewayRefused(await response.text());
    return { sentTo: to };
  },
});

export default defineWorkflow({
  name: 'text-message',
  input: Message,
  nodes: { send: { handler: send, input: { message: '{% $input %}', apiKey: secret('sms-api-key') } } },
});
