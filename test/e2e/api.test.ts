import { rmSync } from 'node:fs';
import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { functionArn } from '../../infra/local/references.ts';
import { routeKey } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { DeadLetterList } from '../../shared/executor/dead-letters.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { ValueLink } from '../../shared/model/value-link.ts';
import { synthesized } from '../infra/synthesized.ts';
import { ApiCalls, giving, idIn } from '../support/api-calls.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { PUBLISHING_CONFIG, publishingSuite } from '../support/publishing-suite.ts';

/** Runs until it is stopped. */
const waiting = (name: string): DefinitionInput => ({
  name,
  nodes: { never: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 600 } } },
});

/** Where the stream has the changes of one partition. */
async function recordsOf({ clients: { streams } }: LocalStack, pk: string) {
  const { Streams = [] } = await streams.send(new ListStreamsCommand({}));
  const [{ StreamArn } = {}] = Streams;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const [{ ShardId = '' } = {}] = StreamDescription?.Shards ?? [];
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  const sequences: string[] = [];
  for (let next = ShardIterator, pages = 0; next !== undefined && pages < 50; pages++) {
    const page: GetRecordsCommandOutput = await streams.send(new GetRecordsCommand({ ShardIterator: next }));
    for (const { dynamodb } of page.Records ?? [])
      if (dynamodb?.Keys?.pk?.S === pk) sequences.push(dynamodb.SequenceNumber ?? '');
    if (page.Records?.length === 0) break;
    next = page.NextShardIterator;
  }
  return { shardId: ShardId, sequences };
}

describe.skipIf(!canRunEmulators())('the API', () => {
  let stack: LocalStack;
  let lines: string[];
  let executor: WorkflowExecutor;
  let api: ApiCalls;
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack({ visibilityTimeoutSeconds: 1, pools: { slow: { size: 2 } } }));
    executor = new WorkflowExecutor({ ...stack.connection, config: PUBLISHING_CONFIG });
    api = new ApiCalls(stack);
  });
  afterAll(async () => {
    await executor?.close();
    await stack?.stop();
  });

  const start = async (definition: DefinitionInput, more = {}) =>
    idIn(await api.post('/executions', { definition, ...more }));
  const ended = async (definition: DefinitionInput, more = {}) =>
    idIn(await api.post('/executions?wait=25', { definition, ...more }));

  describe('hands over what is too large for an answer', () => {
    const text = (length: number, of = 'x') => ({ handler: 'text', input: { of, length } });
    const Linked = z.object({ outputAt: ValueLink });
    const fetched = async ({ url }: ValueLink): Promise<unknown> => (await fetch(url)).json();

    it('as a link that needs no signature, which the client follows', async () => {
      const definition: DefinitionInput = { name: 'large', nodes: { only: { handler: 'large' } } };

      const answer = await api.post('/executions?wait=25', { definition });
      const { outputAt } = Linked.parse(answer.body);
      const outcome = await api.get(`/executions/${idIn(answer)}/outcome`);
      const result = await executor.get(idIn(answer)).result();

      expect(answer).toMatchObject({ status: 200, body: { description: { status: 'SUCCEEDED' } } });
      expect(answer.body).not.toHaveProperty('output');
      expect(outputAt).toMatchObject({ bytes: 20_000_002 });
      expect(outputAt.expiresAtMs).toBeGreaterThan(Date.now());
      expect(await fetched(outputAt)).toHaveLength(20_000_000);
      expect(Linked.parse(outcome.body).outputAt.bytes).toBe(20_000_002);
      expect(result.output).toHaveLength(20_000_000);
      expect(await result.context.output('only')).toHaveLength(20_000_000);
    });

    it('of a failure the partial results that do not fit, and no others', async () => {
      const nodes = {
        large: { handler: 'large' },
        small: { handler: 'double', input: { n: 1 } },
        last: { handler: 'fail', dependsOn: ['large', 'small'], input: null },
      };

      const answer = await api.post('/executions?wait=25', { definition: { name: 'partly-large', nodes } });
      const { partialResults } = await executor.get(idIn(answer)).result();

      expect(answer.body).toMatchObject({
        description: { status: 'FAILED' },
        partialResults: { small: 2 },
        partialResultsAt: { large: { bytes: 20_000_002 } },
      });
      expect(partialResults).toMatchObject({ small: 2, large: expect.stringMatching(/^x{100}/) });
    });

    it('of results the outputs that do not fit, counted as the answer has them', async () => {
      const nodes = { a: text(2_000_000), b: text(2_000_000), c: text(1_000_000, '"'), d: text(1_500_000, '"') };
      const id = await ended({ name: 'paged', nodes });
      const Page = z.object({
        results: z.array(z.object({ nodeId: z.string(), outputAt: ValueLink.optional() })),
      });

      const { results } = Page.parse((await api.get(`/executions/${id}/results?outputs=true`)).body);
      const page = await executor.get(id).results({ withOutputs: true });

      // There are 2.2 MB left for c, which has 2 MB; but each quote in it takes four bytes.
      expect(results.map(({ nodeId, outputAt }) => [nodeId, outputAt?.bytes])).toEqual([
        ['a', undefined],
        ['b', undefined],
        ['c', 2_000_002],
        ['d', 3_000_002],
      ]);
      expect(page.results.map(({ output }) => String(output).length)).toEqual([
        2_000_000, 2_000_000, 1_000_000, 1_500_000,
      ]);
      expect((await executor.get(id).result()).output).toMatchObject({ d: expect.stringMatching(/^"{100}/) });
    });
  });

  describe('publishes workflows, and', () => {
    publishingSuite(() => executor);

    it('answers with the status that says whether anything changed', async () => {
      const body = { definition: giving('statuses') };

      const first = await api.post('/workflows', body);
      const again = await api.post('/workflows', body);
      const alias = await api.call('PUT', '/workflows/statuses/aliases/live', { version: 'latest' });

      expect([first, again, alias].map(({ status }) => status)).toEqual([201, 200, 200]);
      expect((await api.get('/workflows?after=status&limit=1')).body).toMatchObject({
        workflows: [{ workflow: 'statuses' }],
      });
      expect((await api.get('/workflows/statuses?version=live')).body).toMatchObject({ version: 1 });
      expect((await api.get('/workflows/statuses/versions')).body).toMatchObject({ versions: [{ version: 1 }] });
      expect((await api.get('/workflows/statuses/aliases')).body).toMatchObject([{ alias: 'live' }]);
      expect((await api.post('/workflows/validate', body)).body).toMatchObject({ isValid: true });
      expect((await api.post('/workflows/validate', { definition: 'none' })).body).toMatchObject({ isValid: false });
    });
  });

  describe('starts executions, and', () => {
    it('answers what an execution gave, if it ends while the start waits', async () => {
      const definition = giving('waited', '{% { "sum": $sum($input.n) } %}');

      const answer = await api.post('/executions?wait=25', { definition, input: { n: [1, 2] } });

      expect(answer).toMatchObject({
        status: 200,
        body: { executionId: expect.any(String), description: { status: 'SUCCEEDED' }, output: { sum: 3 } },
      });
    });

    it('answers how it stands, if it does not', async () => {
      const answer = await api.post('/executions?wait=1', { definition: waiting('long') });
      const later = await api.get(`/executions/${idIn(answer)}/outcome?wait=1`);
      await api.post(`/executions/${idIn(answer)}/cancel`);
      const cancelled = await api.get(`/executions/${idIn(answer)}/outcome?wait=25`);

      expect(answer).toMatchObject({ status: 202, body: { description: { status: 'RUNNING', isAtRest: false } } });
      expect(later).toMatchObject({ status: 200, body: { description: { status: 'RUNNING' }, partialResults: {} } });
      expect(cancelled).toMatchObject({ body: { description: { status: 'CANCELLED' } } });
    });

    it('starts one execution for one key, whichever way the key is given', async () => {
      const definition = giving('keyed');
      const key = { 'idempotency-key': '"order-1042"' };

      const first = await api.post('/executions', { definition, input: 1 }, key);
      const again = await api.post('/executions', { definition, input: 1 }, key);
      const inBody = await api.post('/executions', { definition, input: 1, executionId: 'order-1042' });
      const atOnce = await Promise.all(
        Array.from({ length: 5 }, () => api.post('/executions', { definition, executionId: 'at-once' })),
      );

      expect([first, again, inBody].map(({ status, body }) => [status, body])).toEqual([
        [201, { executionId: 'order-1042' }],
        [200, { executionId: 'order-1042' }],
        [200, { executionId: 'order-1042' }],
      ]);
      expect(atOnce.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 201]);
    });

    it('refuses a key that was used before with another body, and changes nothing for it', async () => {
      const definition = giving('reused');
      const key = { 'idempotency-key': 'reused-key' };
      await api.post('/executions?wait=25', { definition, input: 1 }, key);
      const before = await api.get('/executions/reused-key/outcome');

      const others = [
        { definition, input: 2 },
        { definition: giving('reused', 7), input: 1 },
        { definition, input: 1, globals: { a: 1 } },
        { definition, input: 1, config: { maxRetries: 0 } },
        { definition, input: 1, searchAttributes: { customer: 'c1' } },
      ];
      for (const body of others) {
        const refused = await api.post('/executions', body, key);
        expect(refused).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
        expect(refused.problem?.detail).toMatch(/send this one with a new key/);
        expect(await api.post('/executions', { ...body, executionId: 'reused-key' })).toMatchObject({
          status: 409,
          code: 'EXECUTION_EXISTS',
        });
      }

      expect(await api.get('/executions/reused-key/outcome')).toEqual(before);
      expect((await executor.list({ searchAttributes: { customer: 'c1' } })).executions).toEqual([]);
      expect(await api.post('/executions', { definition, executionId: 'x' }, key)).toMatchObject({
        code: 'INVALID_INPUT',
        problem: { issues: [{ path: 'executionId' }] },
      });
      expect(await api.post('/executions', { definition }, { 'idempotency-key': 'not an id' })).toMatchObject({
        code: 'INVALID_INPUT',
        problem: { issues: [{ path: 'idempotency-key' }] },
      });
    });
  });

  describe('steers executions, and', () => {
    it('pauses, resumes, cancels and redrives, and answers how each stands', async () => {
      const id = await start(waiting('steered'));

      const paused = await api.post(`/executions/${id}/pause`);
      const resumed = await api.post(`/executions/${id}/resume`);
      const before = await api.post(`/executions/${id}/pause`, { before: 'never' });
      const cancelled = await api.post(`/executions/${id}/cancel`);
      await api.get(`/executions/${id}/outcome?wait=25`);
      const redriven = await api.post(`/executions/${id}/redrive`);
      await api.post(`/executions/${id}/cancel`);

      expect([paused, resumed, before, cancelled, redriven].map(({ status, body }) => [status, body])).toMatchObject([
        [202, { status: 'PAUSED' }],
        [202, { status: 'RUNNING' }],
        [202, { status: 'RUNNING' }],
        [202, { isStopping: true }],
        [202, { status: 'RUNNING', run: 2 }],
      ]);
    });

    it('refuses what cannot be done with one that ended, and says when it can', async () => {
      const id = await ended(giving('over'));
      const outcome = await api.get(`/executions/${id}/outcome`);

      const needed = {
        cancel: /RUNNING or PAUSED/,
        pause: /be RUNNING/,
        resume: /be PAUSED/,
        redrive: /FAILED, TIMED/,
      };
      for (const [action, advice] of Object.entries(needed)) {
        const refused = await api.post(`/executions/${id}/${action}`);
        expect(refused).toMatchObject({ status: 409, code: 'INVALID_STATE' });
        expect(refused.problem).toMatchObject({
          detail: expect.stringMatching(/it is SUCCEEDED/),
          details: { executionId: id, status: 'SUCCEEDED', action },
        });
        expect(refused.problem?.detail).toMatch(advice);
      }

      expect(await api.get(`/executions/${id}/outcome`)).toEqual(outcome);
    });

    it('goes on from a checkpoint, once for one id', async () => {
      const definition: DefinitionInput = {
        name: 'cut',
        config: { enableCheckpoints: true, checkpointInterval: 1 },
        nodes: {
          a: { type: 'transform', output: 1 },
          b: { type: 'transform', output: 2, dependsOn: ['a'] },
        },
      };
      const id = await ended(definition, { searchAttributes: { customer: 'cut' } });
      const { body } = await api.get(`/executions/${id}/checkpoints`);
      const [checkpoint] = z.array(z.object({ checkpointId: z.string() })).parse(body);
      const path = `/checkpoints/${checkpoint?.checkpointId}/resume`;

      expect((await api.get(`/checkpoints/${checkpoint?.checkpointId}`)).body).toMatchObject({ executionId: id });
      const first = await api.post(path, { executionId: 'from-cut' });
      await api.post(path, { executionId: 'from-cut' });
      const outcome = await api.get('/executions/from-cut/outcome?wait=25');

      expect(first).toMatchObject({ status: 201, body: { executionId: 'from-cut' } });
      expect(outcome.body).toMatchObject({ output: 2, description: { origin: { executionId: id } } });
      expect((await executor.list({ searchAttributes: { customer: 'cut' } })).executions).toHaveLength(2);
    });
  });

  describe('tells what happened, and', () => {
    it('gives results, events, the definition and metrics', async () => {
      const id = await ended(giving('told', 5));

      expect((await api.get(`/executions/${id}`)).body).toMatchObject({ status: 'SUCCEEDED' });
      expect((await api.get('/executions?workflow=told')).body).toMatchObject({ executions: [{ executionId: id }] });
      expect((await api.get(`/executions/${id}/results?outputs=true&limit=1`)).body).toMatchObject({
        results: [{ nodeId: 'only', output: 5 }],
      });
      expect((await api.get(`/executions/${id}/definition`)).body).toMatchObject({ name: 'told' });
      expect((await api.get(`/executions/${id}/billed-operations`)).status).toBe(200);
      expect((await api.get('/workflows/told/metrics?fromMs=0')).body).toMatchObject({ workflow: 'told' });
      expect((await api.get(`/executions/${id}/events?waitSeconds=20&limit=1`)).body).toMatchObject({
        events: [{ type: 'ExecutionStarted' }],
      });
    });

    it('serves its own description', async () => {
      const { body } = await api.get('/openapi.json');

      expect(body).toMatchObject({ openapi: '3.1.1', paths: { '/executions': { post: {} } } });
    });
  });

  describe('keeps what was given up, and', () => {
    const deadLetters = async () => DeadLetterList.parse((await api.get('/dead-letters')).body);
    const send = (queue: string, body: string) =>
      stack.clients.sqs.send(new SendMessageCommand({ QueueUrl: stack.queueUrls[queue], MessageBody: body }));

    it('lists what nobody could settle, again and again, and leaves it there', { timeout: 90_000 }, async () => {
      // Nobody can read it: neither the dead-letter function nor, sent back, a runner.
      await send('Pool-slow/DeadLetterQueue', 'gibberish');
      await expect.poll(async () => (await deadLetters()).work.length, { timeout: 60_000 }).toBe(1);

      const first = await deadLetters();
      const second = await deadLetters();
      const redriven = await api.post('/dead-letters/redrive', { pool: 'slow' });

      expect(first.work).toMatchObject([{ pool: 'slow', body: 'gibberish' }]);
      expect(second.work).toMatchObject([{ pool: 'slow', body: 'gibberish' }]);
      expect(redriven.body).toEqual({ redriven: 0, unreadable: 1 });
      expect((await deadLetters()).work).toHaveLength(1);
    });

    it('sends a pool’s work back to its queue', async () => {
      const executionId = await ended({ name: 'dead', nodes: { only: { handler: 'double', input: { n: 1 } } } });
      const task = { v: 1, kind: 'node', executionId, run: 1, node: 'only', visit: 1, attempt: 1, queuedAtMs: 1 };
      for (const attempt of [1, 2, 3]) await send('Pool-default/UnsettledQueue', JSON.stringify({ ...task, attempt }));
      const listed = (await deadLetters()).work.filter(({ pool }) => pool === 'default');
      const before = stack.invocations().NodeRunner ?? 0;

      const part = await api.post('/dead-letters/redrive', { pool: 'default', limit: 1 });
      const rest = await api.post('/dead-letters/redrive', { pool: 'default' });

      expect(listed.map((one) => one.task)).toContainEqual({
        kind: 'node',
        executionId,
        run: 1,
        node: 'only',
        visit: 1,
        attempt: 2,
      });
      expect(listed).toHaveLength(3);
      expect([part.body, rest.body]).toEqual([
        { redriven: 1, unreadable: 0 },
        { redriven: 2, unreadable: 0 },
      ]);
      expect((await deadLetters()).work.filter(({ pool }) => pool === 'default')).toEqual([]);
      await expect.poll(() => stack.invocations().NodeRunner ?? 0).toBeGreaterThan(before);
      expect(await executor.get(executionId).describe()).toMatchObject({ status: 'SUCCEEDED' });
    });

    it('lists the records that were given up', async () => {
      const record = {
        requestContext: { condition: 'RetryAttemptsExhausted', functionArn: 'arn:aws:lambda:r:1:function:Observer' },
        timestamp: '2026-01-02T03:04:05.000Z',
        DDBStreamBatchInfo: { shardId: 's', startSequenceNumber: '1', endSequenceNumber: '2', batchSize: 2 },
      };
      await send('Stream/GivenUp', JSON.stringify(record));

      expect((await deadLetters()).records).toContainEqual({
        messageId: expect.any(String),
        receiveCount: expect.any(Number),
        function: 'Observer',
        reason: 'RetryAttemptsExhausted',
        records: 2,
        shard: 's',
        firstSequence: '1',
        lastSequence: '2',
        at: '2026-01-02T03:04:05.000Z',
      });
    });

    it('reads records again that were given up: what they told is in the history, and made good', async () => {
      const id = await ended({ name: 'unheard', nodes: { only: { handler: 'double', input: { n: 1 } } } });
      const events = async () =>
        z.object({ events: z.array(z.unknown()) }).parse((await api.get(`/executions/${id}/events`)).body).events;
      await expect.poll(async () => (await events()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
      const told = await events();
      const pk = `EXEC#${id}`;
      const TableName = stack.tableNames[0];
      const { Items = [] } = await stack.clients.dynamo.send(
        new QueryCommand({
          ...{ TableName, KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)' },
          ExpressionAttributeValues: { ':pk': { S: pk }, ':sk': { S: 'EVENT#' } },
        }),
      );
      for (const { sk = { S: '' } } of Items)
        await stack.clients.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk }, sk } }));
      const records = await recordsOf(stack, pk);
      const { template, outdir } = synthesized();
      rmSync(outdir, { recursive: true });
      const ids = Object.keys(template.findResources('AWS::Lambda::Function'));
      const idOf = (name: string) => ids.find((one) => one.startsWith(`Executor${name}`)) ?? '';
      const letter = (functionName: string, shardId: string) => ({
        requestContext: { condition: 'RetryAttemptsExhausted', functionArn: functionArn(idOf(functionName)) },
        DDBStreamBatchInfo: {
          ...{ shardId, batchSize: records.sequences.length },
          startSequenceNumber: records.sequences.at(0),
          endSequenceNumber: records.sequences.at(-1),
        },
      });
      const gone = `shardId-${'0'.repeat(20)}-${'f'.repeat(8)}`;
      await send('Stream/GivenUp', JSON.stringify(letter('Observer', records.shardId)));
      await send('Stream/GivenUp', JSON.stringify(letter('Scheduler', records.shardId)));
      await send('Stream/GivenUp', JSON.stringify(letter('Scheduler', gone)));
      const before = await events();

      const redriven = await api.post('/dead-letters/records/redrive');

      expect(Items.length).toBeGreaterThan(0);
      expect(before).toEqual([]);
      expect(redriven.body).toMatchObject({ redriven: 2, failed: 0, executionIds: expect.arrayContaining([id]) });
      // The one of the test before, too: there is no such shard any more.
      expect(redriven.body).toMatchObject({ gone: 2 });
      expect(await events()).toHaveLength(told.length);
      expect((await deadLetters()).records).toEqual([]);
      expect(await executor.get(id).describe()).toMatchObject({ status: 'SUCCEEDED', run: 1 });
    });

    it('has no events to send back where no workflow has triggers', async () => {
      expect((await api.post('/dead-letters/events/redrive', {})).body).toEqual({ redriven: 0, unreadable: 0 });
    });

    it('knows its pools', async () => {
      expect(await api.post('/dead-letters/redrive', { pool: 'gpu' })).toMatchObject({
        code: 'INVALID_INPUT',
        problem: { detail: expect.stringMatching(/There are: default, slow/) },
      });
    });
  });

  it('has answered on every route by now, and never with a fault of its own', async () => {
    expect([...api.answered].toSorted()).toEqual(Object.values(ROUTES).map(routeKey).toSorted());
    expect(lines.filter((line) => /request failed/.test(line))).toEqual([]);
  });
});
