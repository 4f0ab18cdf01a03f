// Pause and resume: what runs finishes, nothing new starts, for minutes or weeks; nothing waits meanwhile.
// Here somebody looks at a newsletter first: `handle.pause({ before: 'send' })`, and later `handle.resume()`.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Issue = z.object({ title: z.string(), storiesUrl: z.url() });
const Page = z.object({ title: z.string(), html: z.string() });

const collect = defineNode({
  type: 'newsletter.collect',
  input: Issue,
  output: z.object({ title: z.string(), stories: z.array(z.string()) }),
  async execute({ title, storiesUrl }, { signal }) {
    const response = await fetch(storiesUrl, { signal });
    return { title, stories: z.array(z.string()).parse(await response.json()) };
  },
});

const layOut = defineNode({
  type: 'newsletter.lay-out',
  input: z.object({ title: z.string(), stories: z.array(z.string()) }),
  output: Page,
  execute: ({ title, stories }) => ({ title, html: stories.map((story) => `<p>${story}</p>`).join('') }),
});

const send = defineNode({
  type: 'newsletter.send',
  input: Page,
  output: z.object({ sent: z.string() }),
  execute: ({ title }) => ({ sent: title }),
});

export default defineWorkflow({
  name: 'newsletter',
  input: Issue,
  // Pauses count: the editor has a day.
  config: { timeoutSeconds: 86_400, enableCheckpoints: true },
  nodes: {
    collect: { handler: collect },
    layOut: { handler: layOut, dependsOn: ['collect'] },
    send: { handler: send, dependsOn: ['layOut'] },
  },
});
