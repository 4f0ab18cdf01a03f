import type { SQSBatchResponse } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { PinnedVersions, type RunnerEvent } from '../../../functions/node-runner/pinned-versions.ts';
import { runBatch } from '../../../functions/node-runner/run-batch.ts';
import type { TaskMessage } from '../../../shared/model/message.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { aTask } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';
import { anSqsRecord } from '../../support/sqs-record.ts';

const context = { getRemainingTimeInMillis: () => 300_000 };
const OLD = 'arn:aws:lambda:eu-west-1:111122223333:function:NodeRunner:7';

const aRecord = (messageId: string, message: TaskMessage) => anSqsRecord({ messageId, body: JSON.stringify(message) });

/** A runner of the version `new`, and whoever it invokes. */
async function aVersion(invoke: (versionArn: string, event: RunnerEvent) => Promise<SQSBatchResponse | undefined>) {
  const bench = await aRunnerBench({
    nodes: { a: aTask({ handler: 'echo' }), b: aTask({ handler: 'echo' }), c: aTask({ handler: 'echo' }) },
    handlers: { echo: () => 'done' },
  });
  const lines: string[] = [];
  const logger = new Logger({ write: (line) => lines.push(line) });
  const calls: { versionArn: string; event: RunnerEvent }[] = [];
  const pins = new PinnedVersions({
    version: 'new',
    invoke: (versionArn, event) => {
      calls.push({ versionArn, event });
      return invoke(versionArn, event);
    },
    runner: bench.runner,
    logger,
  });
  const pinned = (node: string, version = 'old') => bench.aMessage(node, { v: 2, pin: { version, runner: OLD } });
  const run = (event: RunnerEvent) => runBatch({ runner: bench.runner, logger, pins }, event, context);
  return { ...bench, lines, calls, pinned, runEvent: run };
}

describe('work that is pinned to another version', () => {
  it('is done by that one, in one invocation, while the rest is done here', async () => {
    const bench = await aVersion(async () => ({ batchItemFailures: [] }));

    const answer = await bench.runEvent({
      Records: [aRecord('1', bench.pinned('a')), aRecord('2', bench.aMessage('b')), aRecord('3', bench.pinned('c'))],
    });

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(bench.calls).toEqual([
      {
        versionArn: OLD,
        event: {
          isForwarded: true,
          Records: [expect.objectContaining({ messageId: '1' }), expect.objectContaining({ messageId: '3' })],
        },
      },
    ]);
    expect(await bench.resultOf('b')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await bench.resultOf('a')).toBeUndefined();
  });

  it('comes again where that one says so, and only that', async () => {
    const bench = await aVersion(async () => ({ batchItemFailures: [{ itemIdentifier: '3' }] }));

    const answer = await bench.runEvent({
      Records: [aRecord('1', bench.pinned('a')), aRecord('3', bench.pinned('c'))],
    });

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '3' }]);
  });

  it('comes again as a whole where that one fails: nothing is acknowledged that was not done', async () => {
    const bench = await aVersion(() => Promise.reject(new Error('it crashed')));

    const answer = await bench.runEvent({
      Records: [aRecord('1', bench.pinned('a')), aRecord('2', bench.aMessage('b')), aRecord('3', bench.pinned('c'))],
    });

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '1' }, { itemIdentifier: '3' }]);
    expect(await bench.resultOf('b')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('fails its node where that version is gone, saying what to do', async () => {
    const bench = await aVersion(async () => undefined);

    const answer = await bench.runEvent({ Records: [aRecord('1', bench.pinned('a'))] });

    expect(answer.batchItemFailures).toEqual([]);
    expect(await bench.resultOf('a')).toMatchObject({
      status: 'FAILED',
      error: { code: 'HANDLERS_VERSION_GONE', message: expect.stringContaining(OLD) },
    });
  });

  it('is never sent on twice', async () => {
    const bench = await aVersion(async () => ({ batchItemFailures: [] }));

    const answer = await bench.runEvent({ Records: [aRecord('1', bench.pinned('a'))], isForwarded: true });

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '1' }]);
    expect(bench.calls).toEqual([]);
  });

  it('is done here if it is this version', async () => {
    const bench = await aVersion(async () => undefined);

    await bench.runEvent({ Records: [aRecord('1', bench.pinned('a', 'new'))], isForwarded: true });

    expect(await bench.resultOf('a')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('keeps its pin when it is to be tried again', async () => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'broken', retry: { maxRetries: 1, intervalSeconds: 1 } }) },
      handlers: {
        broken: () => {
          throw new Error('never works');
        },
      },
    });
    const pin = { version: 'old', runner: OLD };

    await bench.run(bench.aMessage('a', { v: 2, pin }));

    expect(await bench.sent()).toEqual([expect.objectContaining({ v: 2, attempt: 2, pin })]);
  });
});
