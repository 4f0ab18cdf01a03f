/** A process of its own that does one job: told which by its first message, it answers with what came of it. */
import { JOBS } from './jobs.ts';

process.once('message', async ({ name, input }: { name: keyof typeof JOBS; input: never }) => {
  const output = await JOBS[name](input);
  process.send?.({ output }, () => process.exit(0));
});
