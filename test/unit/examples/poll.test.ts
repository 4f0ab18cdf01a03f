import { describe, expect, test } from 'vitest';
import type { PollInput } from '../../../examples/poll/handlers.ts';
import workflow from '../../../examples/poll/workflow.ts';
import { createTestExecutor, historyOf } from '../../../shared/testing/testing.ts';

async function run(input: Partial<PollInput> = {}) {
  await using executor = createTestExecutor({
    workflow,
    replace: {
      wait: async ({ milliseconds }, { sleep }) => {
        await sleep(milliseconds);
        return { waitedMilliseconds: milliseconds };
      },
    },
  });
  const handle = await executor.start(workflow, input);
  return { ...(await handle.result()), history: await historyOf(handle, { times: true }) };
}

describe('polling until done', () => {
  test('the loop ends when the job is done', async () => {
    const { history, output } = await run();

    expect(history).toEqual([
      '0 ms: started',
      '0 ms: submit succeeded',
      '200 ms: wait succeeded',
      '200 ms: poll succeeded',
      '400 ms: wait #2 succeeded',
      '400 ms: poll #2 succeeded',
      '600 ms: wait #3 succeeded',
      '600 ms: poll #3 succeeded',
      '600 ms: finish succeeded',
      '600 ms: succeeded',
    ]);
    expect(output?.finish).toEqual({ jobId: 'job-execution-1', result: 'the result of job-execution-1', polls: 3 });
  });

  test('a job that fails fails the execution, with what is known', async () => {
    const { status, failedNode, error } = await run({ jobEnds: 'FAILED', doneAtPoll: 2 });

    expect({ status, failedNode }).toEqual({ status: 'FAILED', failedNode: 'failed' });
    expect(error).toMatchObject({ name: 'JobFailed', message: 'job-execution-1 failed; poll 2 said so' });
  });

  test('after maxPolls it gives up, and that is an answer', async () => {
    const { status, output } = await run({ doneAtPoll: 9, maxPolls: 4 });

    expect(status).toBe('SUCCEEDED');
    expect(output?.giveUp).toEqual({ jobId: 'job-execution-1', gaveUpAfterPolls: 4 });
  });

  test('the most polls one may ask for stay below maxVisits', async () => {
    const { status, output } = await run({ doneAtPoll: 99, maxPolls: 50 });

    expect(status).toBe('SUCCEEDED');
    expect(output?.giveUp).toMatchObject({ gaveUpAfterPolls: 50 });
  });

  test('the longest waits one may ask for are cut off by the workflow’s timeout', async () => {
    const { status, history } = await run({ doneAtPoll: 50, maxPolls: 50, waitMilliseconds: 10_000 });

    expect(status).toBe('TIMED_OUT');
    expect(history.at(-1)).toBe('120000 ms: timed out');
  });
});
