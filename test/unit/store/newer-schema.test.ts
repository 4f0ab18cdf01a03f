import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { giveUpBatch } from '../../../functions/dead-letter/give-up-batch.ts';
import { runBatch } from '../../../functions/node-runner/run-batch.ts';
import { NodeId } from '../../../shared/model/ids.ts';
import { parseTask } from '../../../shared/model/message.ts';
import { SCHEMA_VERSION } from '../../../shared/model/schema-version.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { cacheKey, metaKey, resultKey } from '../../../shared/store/keys.ts';
import { aTask } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';
import { aSchedulerBench } from '../../support/factories-scheduler.ts';
import { anSqsRecord } from '../../support/sqs-record.ts';

const NEWER = SCHEMA_VERSION + 1;
const MINUTE_MS = 60_000;

/** An event of a queue with these bodies, whose message ids are their places. */
const anEvent = (...bodies: string[]): SQSEvent => ({
  Records: bodies.map((body, at) => anSqsRecord({ messageId: String(at), body })),
});

const aLog = () => {
  const lines: string[] = [];
  return { lines, logger: new Logger({ write: (line) => lines.push(line) }) };
};

const context = { getRemainingTimeInMillis: () => 300_000 };

describe('a message of a newer version', () => {
  const aBatch = async () => {
    const bench = await aRunnerBench({ nodes: { a: aTask({ handler: 'echo' }) }, handlers: { echo: () => 'done' } });
    const message = bench.aMessage('a');
    return { ...bench, event: anEvent(JSON.stringify({ ...message, v: NEWER }), JSON.stringify(message)) };
  };

  it('goes back to its queue, and holds up none beside it', async () => {
    const { runner, event, resultOf } = await aBatch();
    const { logger, lines } = aLog();

    const answer = await runBatch({ runner, logger }, event, context);

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '0' }]);
    expect(lines.join()).toContain('NewerSchemaError');
    expect(await resultOf('a')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('is not given up by the dead-letter function either: its node may yet run', async () => {
    const { runner, event, resultOf } = await aBatch();

    const answer = await giveUpBatch({ runner, logger: aLog().logger }, anEvent(event.Records[0]?.body ?? ''));

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '0' }]);
    expect(await resultOf('a')).toBeUndefined();
  });

  it('without a version is of the first', async () => {
    const { aMessage } = await aBatch();
    const { v: _v, ...rest } = aMessage('a');

    expect(parseTask(JSON.stringify(rest))).toEqual(aMessage('a'));
  });
});

describe('an item of a newer version', () => {
  it('is as if it were not there, if it is but a cached output', async () => {
    const { store, table, executionId } = await aRunnerBench({ nodes: { a: aTask({ handler: 'echo' }) } });
    await store.cache.keep('hash', executionId, { inline: '1' }, MINUTE_MS);

    await table.update(cacheKey('hash'), { set: { v: NEWER } });

    expect(await store.cache.find('hash', 0)).toBeUndefined();
  });

  it('leaves a node that would read it to come again: it does not fail', async () => {
    const bench = await aRunnerBench({
      nodes: { a: aTask({ handler: 'echo' }), b: aTask({ handler: 'echo', dependsOn: ['a'] }) },
      handlers: { echo: () => 'done' },
    });
    await bench.runNode('a');
    const key = resultKey({
      executionId: bench.executionId,
      resultShards: undefined,
      run: 1,
      node: NodeId.parse('a'),
      visit: 1,
    });
    await bench.table.update(key, { set: { v: NEWER } });

    const running = bench.run(bench.aMessage('b'));

    await expect(running).rejects.toMatchObject({
      code: 'NEWER_SCHEMA',
      retryable: true,
      message: expect.stringContaining(`its schema is ${NEWER}, and this version knows ${SCHEMA_VERSION}`),
    });
    expect(await bench.resultOf('b')).toBeUndefined();
  });

  it('is told of by its code', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.table.update(metaKey(bench.executionId), { set: { v: NEWER } });

    await expect(bench.service.describe(bench.executionId)).rejects.toMatchObject({ code: 'NEWER_SCHEMA' });
  });

  it('comes to the scheduler again', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    await bench.table.update(metaKey(bench.executionId), { set: { v: NEWER } });

    const { failed } = await bench.handle(bench.takeRecords());

    expect(failed).toEqual([expect.objectContaining({ error: expect.objectContaining({ code: 'NEWER_SCHEMA' }) })]);
    expect(await bench.sent()).toEqual([]);
  });

  it('keeps the sweep from nothing else', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    const other = await bench.service.start({
      definition: { name: 'other', nodes: { b: { handler: 'x' } } },
      executionId: 'other',
    });
    await bench.table.update(metaKey(bench.executionId), { set: { v: NEWER, dueShard: 'due-0' } });
    await bench.table.update(metaKey(other.executionId), { set: { dueShard: 'due-0' } });
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    const first = await bench.sweep.run();
    const second = await bench.sweep.run();

    expect(first).toMatchObject({ newer: 1, repaired: 1, failed: [] });
    expect(await bench.sent()).toEqual(['node b']);
    expect(second).toMatchObject({ looked: 0, newer: 0 });
  });

  it('keeps the sweep from nothing else either if no version can read it, and is told of', async () => {
    const bench = await aSchedulerBench({ nodes: { a: aTask() } });
    const other = await bench.service.start({
      definition: { name: 'other', nodes: { b: { handler: 'x' } } },
      executionId: 'other',
    });
    await bench.table.update(metaKey(bench.executionId), { set: { config: 'none', dueShard: 'due-0' } });
    await bench.table.update(metaKey(other.executionId), { set: { dueShard: 'due-0' } });
    bench.takeRecords();

    await bench.clock.pass(MINUTE_MS);
    const first = await bench.sweep.run();
    const second = await bench.sweep.run();

    expect(first).toMatchObject({
      repaired: 1,
      failed: [{ executionId: 'execution-1', error: { code: 'CORRUPT_ITEM' } }],
    });
    expect(await bench.sent()).toEqual(['node b']);
    expect(second).toMatchObject({ looked: 0, failed: [] });
  });
});
