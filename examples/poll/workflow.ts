import { readFile } from 'node:fs/promises';
import type { CommandLine } from '../../cli/workflow-module.ts';
import { defineWorkflow } from '../../shared/nodes/define-workflow.ts';
import { failed, finish, giveUp, PollInput, poll, submit, wait } from './handlers.ts';

/** Submits a job and polls until it is done, has failed, or was asked for often enough. */
export default defineWorkflow({
  name: 'poll-until-done',
  description: 'A loop: submit → wait → poll → wait → poll … → finish, failed or giveUp.',
  strategy: 'conditional',
  input: PollInput,
  start: 'submit',
  // Beyond maxPolls at its most (50): giveUp ends the loop, this only a mistake in it.
  maxVisits: 60,
  config: { timeoutSeconds: 120 },
  nodes: {
    submit: { handler: submit, next: 'wait' },
    wait: { handler: wait, input: { milliseconds: '{% $nodes.submit.waitMilliseconds %}' }, next: 'poll' },
    poll: {
      handler: poll,
      input: '{% $nodes.submit %}',
      choices: [
        { when: "{% $output.status = 'DONE' %}", next: 'finish' },
        { when: "{% $output.status = 'FAILED' %}", next: 'failed' },
        { when: '{% $output.polls >= $nodes.submit.maxPolls %}', next: 'giveUp' },
      ],
      next: 'wait',
    },
    finish: { handler: finish, input: '{% $nodes.poll %}' },
    failed: { handler: failed, input: '{% $nodes.poll %}' },
    giveUp: { handler: giveUp, input: '{% $nodes.poll %}' },
  },
});

/** `fanjoin run examples/poll [--input FILE]`: FILE holds JSON, every field optional (see `PollInput`). */
export const commandLine = {
  input: async (argument: string | undefined): Promise<PollInput> =>
    PollInput.parse(argument === undefined ? {} : JSON.parse(await readFile(argument, 'utf8'))),
  print: (output: unknown): string => `${JSON.stringify(output, null, 2)}\n`,
} satisfies CommandLine<PollInput>;
