// Cancel: `handle.cancel()`. Running handlers see `signal` abort; the execution ends CANCELLED, with what stood then.
// Here a video is encoded: its length is known by then, and is among the partial results.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Video = z.object({ file: z.string(), seconds: z.int(), encoderUrl: z.url() });

const measure = defineNode({
  type: 'video.measure',
  input: Video,
  output: z.object({ frames: z.int() }),
  execute: ({ seconds }) => ({ frames: seconds * 25 }),
});

const encode = defineNode({
  type: 'video.encode',
  input: z.object({ file: z.string(), encoderUrl: z.url() }),
  output: z.object({ encoded: z.string() }),
  async execute({ file, encoderUrl }, { signal }) {
    // Handed on, the signal ends the request too. A loop would look at `signal.aborted` now and then.
    const response = await fetch(encoderUrl, { method: 'POST', body: file, signal });
    return { encoded: await response.text() };
  },
});

export default defineWorkflow({
  name: 'encode-video',
  input: Video,
  nodes: {
    measure: { handler: measure },
    encode: {
      handler: encode,
      dependsOn: ['measure'],
      input: { file: '{% $input.file %}', encoderUrl: '{% $input.encoderUrl %}' },
    },
  },
});
