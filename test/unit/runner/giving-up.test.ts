import { expect, it } from 'vitest';
import { giveUpBatch } from '../../../functions/dead-letter/give-up-batch.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { aTask } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';
import { anSqsRecord } from '../../support/sqs-record.ts';

it('what the dead-letter function cannot settle comes again, and its log says what and why; the rest is settled', async () => {
  const bench = await aRunnerBench({ nodes: { a: aTask(), b: aTask() } });
  const lines: string[] = [];
  const logger = new Logger({ write: (line) => lines.push(line) });
  const noNode = bench.aMessage('none-such', { attempt: 2 });
  const records = [
    anSqsRecord({ messageId: 'good', body: JSON.stringify(bench.aMessage('b')), receiveCount: 6 }),
    anSqsRecord({ messageId: 'bad', body: JSON.stringify(noNode), receiveCount: 6 }),
    anSqsRecord({ messageId: 'worse', body: 'no message at all', receiveCount: 6 }),
  ];

  const { batchItemFailures } = await giveUpBatch({ runner: bench.runner, logger }, { Records: records });

  const failed = lines.map((line) => JSON.parse(line)).filter(({ message }) => message === 'giving up failed');
  expect(batchItemFailures).toEqual([{ itemIdentifier: 'bad' }, { itemIdentifier: 'worse' }]);
  expect(failed).toEqual([
    expect.objectContaining({
      level: 'error',
      messageId: 'bad',
      executionId: 'execution-1',
      nodeId: 'none-such',
      visit: 1,
      run: 1,
      attempt: 2,
      error: expect.objectContaining({ message: expect.stringContaining("the node 'none-such'") }),
    }),
    expect.objectContaining({ level: 'error', messageId: 'worse', error: expect.anything() }),
  ]);
  expect(await bench.resultOf('b')).toMatchObject({ status: 'FAILED', error: { name: 'RunnerCrashed' } });
});
