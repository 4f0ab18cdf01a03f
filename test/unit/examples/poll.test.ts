import { describe, expect, test } from 'vitest';
import { handlers } from '../../../examples/handlers.ts';
import workflow from '../../../examples/poll/workflow.ts';
import { runWorkflow } from './run-workflow.ts';

const run = (input: Readonly<Record<string, string | number>> = {}) =>
  runWorkflow(workflow.definition, handlers, { waitMilliseconds: 0, ...input });

describe('polling until done', () => {
  test('the loop ends when the job is done', async () => {
    const { status, ran, outputs } = await run();

    expect(status).toBe('SUCCEEDED');
    expect(ran).toEqual(['submit', 'wait', 'poll', 'wait', 'poll', 'wait', 'poll', 'finish']);
    expect(outputs.finish).toEqual({ jobId: 'job-execution-1', result: 'the result of job-execution-1', polls: 3 });
  });

  test('a job that fails fails the execution, with what is known', async () => {
    const { status, errors } = await run({ jobEnds: 'FAILED', doneAtPoll: 2 });

    expect(status).toBe('FAILED');
    expect(errors.failed).toMatchObject({ name: 'JobFailed', message: 'job-execution-1 failed; poll 2 said so' });
  });

  test('after maxPolls it gives up, and that is an answer', async () => {
    const { status, outputs } = await run({ doneAtPoll: 9, maxPolls: 4 });

    expect(status).toBe('SUCCEEDED');
    expect(outputs.giveUp).toEqual({ jobId: 'job-execution-1', gaveUpAfterPolls: 4 });
  });

  test('the most polls one may ask for stay below maxVisits', async () => {
    const { status, outputs } = await run({ doneAtPoll: 99, maxPolls: 50 });

    expect(status).toBe('SUCCEEDED');
    expect(outputs.giveUp).toMatchObject({ gaveUpAfterPolls: 50 });
  });
});
