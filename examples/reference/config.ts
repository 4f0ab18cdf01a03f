// Every field of the execution config, with its default. A start's goes before the workflow's, that before the executor's.
// Here pages are translated side by side.
import type { ExecutionConfigInput } from 'fanjoin/config';
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Book = z.object({ translatorUrl: z.url() });

const translate = defineNode({
  type: 'book.translate',
  input: Book,
  output: z.string(),
  async execute({ translatorUrl }, { signal }) {
    const response = await fetch(translatorUrl, { signal });
    if (!response.ok) throw new Error(`The translator answered ${response.status}`);
    return response.text();
  },
});

export const config: ExecutionConfigInput = {
  /** Nodes of one execution dispatched and unfinished at once. Default 10. */
  maxParallelNodes: 2,
  /** For the whole execution, pauses included. Default 300. */
  timeoutSeconds: 30,
  /** Nodes without a retry policy of their own get the default one. Default false. */
  retryFailedNodes: true,
  /** Of that policy: retries after the first attempt. Default 3. */
  maxRetries: 1,
  /** A checkpoint every `checkpointInterval` finished nodes; pauses are checkpoints in any case. Default false. */
  enableCheckpoints: true,
  /** Default 5. */
  checkpointInterval: 3,
  /** Spans, and node starts in the history. Default false. */
  traceExecution: true,
};

export default defineWorkflow({
  name: 'book',
  input: Book,
  config,
  nodes: {
    cover: { handler: translate },
    preface: { handler: translate },
    chapter: { handler: translate },
    index: { handler: translate },
  },
});
