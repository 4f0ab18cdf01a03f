import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';

export const PollInput = z.object({
  /** The job says it is done when it is asked for the so-manieth time. */
  doneAtPoll: z.int().min(1).default(3),
  /** How the job ends. */
  jobEnds: z.enum(['DONE', 'FAILED']).default('DONE'),
  /** After so many polls the workflow gives up. */
  maxPolls: z.int().min(1).max(50).default(10),
  waitMilliseconds: z.int().min(0).max(10_000).default(200),
});
export type PollInput = z.infer<typeof PollInput>;

/** The input with its defaults, for the nodes behind: an expression on a field that was left out gives nothing. */
const Job = PollInput.extend({ jobId: z.string() });

/** The execution's own key makes the id, so that a repeated attempt does not submit a second job. */
export const submit = defineNode({
  type: 'poll.submit',
  input: PollInput,
  output: Job,
  execute: (input, { executionId }) => ({ ...input, jobId: `job-${executionId}` }),
});

export const wait = defineNode({
  type: 'poll.wait',
  input: z.object({ milliseconds: z.int() }),
  output: z.object({ waitedMilliseconds: z.int() }),
  execute: async ({ milliseconds }, { signal }) => {
    await sleep(milliseconds, undefined, { signal });
    return { waitedMilliseconds: milliseconds };
  },
});

export const PollStatus = z.object({
  jobId: z.string(),
  status: z.enum(['RUNNING', 'DONE', 'FAILED']),
  polls: z.int(),
});
export type PollStatus = z.infer<typeof PollStatus>;

/**
 * Asks a job that is not there: the number of the visit stands for the time that went by, so that the answer is the
 * same wherever the node runs. A real one would call the service with `jobId`.
 */
export const poll = defineNode({
  type: 'poll.poll',
  input: Job,
  output: PollStatus,
  execute: ({ jobId, doneAtPoll, jobEnds }, { visit }): PollStatus => ({
    jobId,
    status: visit >= doneAtPoll ? jobEnds : 'RUNNING',
    polls: visit,
  }),
});

export const finish = defineNode({
  type: 'poll.finish',
  input: PollStatus,
  output: z.object({ jobId: z.string(), result: z.string(), polls: z.int() }),
  execute: ({ jobId, polls }) => ({ jobId, result: `the result of ${jobId}`, polls }),
});

class JobFailed extends Error {
  override readonly name = 'JobFailed';
  readonly retryable = false;
}

/** Fails the execution without throwing. */
export const failed = defineNode({
  type: 'poll.failed',
  input: PollStatus,
  execute: ({ jobId, polls }) => NodeResult.failure(new JobFailed(`${jobId} failed; poll ${polls} said so`)),
});

export const giveUp = defineNode({
  type: 'poll.give-up',
  input: PollStatus,
  output: z.object({ jobId: z.string(), gaveUpAfterPolls: z.int() }),
  execute: ({ jobId, polls }) => ({ jobId, gaveUpAfterPolls: polls }),
});
