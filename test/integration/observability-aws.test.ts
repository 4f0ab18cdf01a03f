import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { HttpApi } from '../../infra/local/http-api.ts';
import type { LocalFunction } from '../../infra/local/local-function.ts';
import { toDynamoDbRecord } from '../../infra/local/stream-event.ts';
import { StreamReader } from '../../infra/local/stream-reader.ts';
import { SqsTaskQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { routeKey } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { type AwsEmulators, startAwsEmulators } from '../support/aws-emulators.ts';
import { historyProblems } from '../support/history-agreement.ts';

const started = await startAwsEmulators();
const MINUTE_MS = 60_000;

/** The functions that monitoring needs, in this process, fed by a real stream and queue as Lambda feeds them. */
async function startFunctions(emulators: AwsEmulators) {
  const { streamArn } = await emulators.createTable('observed');
  await emulators.createBucket('observed');
  const queueUrls = await emulators.createPool('default', { visibilitySeconds: 30, maxReceiveCount: 3 });
  const environment = {
    ...emulators.env,
    TABLE_NAME: 'observed',
    BUCKET_NAME: 'observed',
    QUEUE_URLS: JSON.stringify(queueUrls),
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const [api, scheduler, observer, runtime] = await Promise.all([
    import('../../functions/api/handler.ts'),
    import('../../functions/scheduler/handler.ts'),
    import('../../functions/observer/handler.ts'),
    import('../../functions/runtime.ts'),
  ]);
  const abort = new AbortController();
  const windows = new Map<number, { state: Readonly<Record<string, unknown>>; shardId: string }>();

  const observe = async (records: readonly DynamoDBRecord[]) => {
    const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    const { state = {} } = windows.get(startMs) ?? {};
    const window = { start: new Date(startMs).toISOString(), end: new Date(startMs + MINUTE_MS).toISOString() };
    const event = { Records: [...records], window, state, shardId: 'shard-1' };
    // Each batch twice, the second time from the state the first began with: a success that got lost on its way.
    await observer.handler(event);
    windows.set(startMs, { ...(await observer.handler(event)), shardId: 'shard-1' });
  };
  const closeWindows = async () => {
    for (const [startMs, { state, shardId }] of windows) {
      const window = { start: new Date(startMs).toISOString(), end: new Date(startMs + MINUTE_MS).toISOString() };
      await observer.handler({ Records: [], window, state, shardId, isFinalInvokeForWindow: true });
    }
    windows.clear();
  };

  const stream = async () => {
    const reader = new StreamReader(emulators.streams, streamArn);
    while (!abort.signal.aborted) {
      for (const { records } of await reader.read(abort.signal)) {
        const batch = records.map((record) => toDynamoDbRecord(record, streamArn, Date.now()));
        if (batch.length === 0) continue;
        await scheduler.handler({ Records: batch });
        await observe(batch);
      }
      await delay(20);
    }
  };
  const work = async () => {
    const { store, dispatcher, clock, logger } = runtime;
    const queue = new SqsTaskQueue({ client: emulators.sqs, queueUrls });
    const runner = new NodeRunner({
      store,
      dispatcher,
      clock,
      logger,
      handlers: new HandlerRegistry(),
      random: Math.random,
    });
    while (!abort.signal.aborted) {
      const deliveries = await queue.receive('default');
      await Promise.all(
        deliveries.map(async ({ body, receipt, receiveCount }) => {
          await runner.run(TaskMessage.parse(JSON.parse(body)), { receiveCount });
          await queue.acknowledge('default', receipt);
        }),
      );
      await delay(20);
    }
  };
  const ignoreAbort = (error: unknown) => {
    if (!abort.signal.aborted) throw error;
  };
  const loops = [stream(), work()].map((loop) => loop.catch(ignoreAbort));
  const target = {
    invoke: async (event: Parameters<typeof api.handler>[0]) => ({ ok: true, result: await api.handler(event) }),
  };
  const http = await HttpApi.start({
    routes: Object.values(ROUTES).map((route) => ({
      routeKey: routeKey(route),
      target: target as unknown as LocalFunction,
    })),
    log: () => undefined,
  });
  return {
    url: http.url,
    closeWindows,
    async stop() {
      abort.abort();
      await Promise.all(loops);
      await http.stop();
      vi.unstubAllEnvs();
    },
  };
}

const definition: DefinitionInput = {
  name: 'transforms',
  config: { traceExecution: true },
  nodes: {
    double: { type: 'transform', output: '{% $ * 2 %}' },
    text: { type: 'transform', dependsOn: ['double'], output: '{% $string($) %}' },
    never: { type: 'transform', dependsOn: ['double'], runIf: '{% false %}', output: 1 },
  },
};

describe.skipIf(started === undefined)('monitoring behind an endpoint', () => {
  let emulators: AwsEmulators;
  let stack: Awaited<ReturnType<typeof startFunctions>>;
  beforeAll(async () => {
    if (started === undefined) throw new Error('Unreachable: the suite is skipped');
    emulators = started;
    stack = await startFunctions(emulators);
  });
  afterAll(async () => {
    await stack.stop();
    await emulators.stop();
  });

  it('follows events as they come, and calls handlers with what the nodes gave', async () => {
    await using executor = new WorkflowExecutor({ endpoint: stack.url, logLevel: 'error' });
    const heard: unknown[] = [];
    executor.callbacks.addHandler({
      onWorkflowStart: (id, input) => heard.push(['start', id, input]),
      onNodeStart: (id) => heard.push(['node start', id]),
      onNodeComplete: (id, output) => heard.push(['node', id, output]),
      onWorkflowComplete: (id, output, { status }) => heard.push(['end', id, output, status]),
    });

    const result = await executor.execute(definition, 21);

    expect(heard).toHaveLength(6);
    expect([heard[0], heard[1], heard[2], heard.at(-1)]).toEqual([
      ['start', 'transforms', 21],
      ['node start', 'double'],
      ['node', 'double', 42],
      ['end', 'transforms', { text: '42' }, 'SUCCEEDED'],
    ]);
    expect(heard).toContainEqual(['node', 'text', '42']);
    expect(result.metrics.criticalPath.nodes).toEqual(['double', 'text']);
    expect(executor.executionHistory).toHaveLength(1);
  });

  it('has a history in pages that agrees with the results, though each batch came twice', async () => {
    await using executor = new WorkflowExecutor({ endpoint: stack.url });
    const handle = await executor.start(definition, 1);
    const followed: string[] = [];
    for await (const { id } of handle.events()) followed.push(id);
    const { results } = await handle.results();

    const first = await handle.history({ limit: 2 });
    const rest = await handle.history({ ...(first.next !== undefined && { after: first.next }), limit: 100 });

    expect(first.events).toHaveLength(2);
    expect(rest.isOver).toBe(true);
    expect(historyProblems([...first.events, ...rest.events], results)).toEqual([]);
    expect(followed).toEqual([...first.events, ...rest.events].map(({ id }) => id));
  });

  it('lists executions and sums up metrics, counting each end once', async () => {
    await using executor = new WorkflowExecutor({ endpoint: stack.url });
    const counted = { ...definition, name: 'counted' };
    const failing = { name: 'counted', nodes: { bad: { type: 'transform' as const, output: '{% $nope.x %}' } } };
    const results = [
      await executor.execute(counted, 1),
      await executor.execute(counted, 2),
      await executor.execute(failing, 3),
    ];
    for (const { executionId } of results) for await (const _event of executor.get(executionId).events());
    await stack.closeWindows();

    const { executions, next } = await executor.list({ workflow: 'counted', limit: 2 });
    const failed = await executor.list({ status: 'FAILED' });
    const metrics = await executor.metrics('counted');

    expect(executions.map(({ executionId }) => executionId)).toEqual([
      results[2]?.executionId,
      results[1]?.executionId,
    ]);
    expect(
      (await executor.list({ workflow: 'counted', limit: 2, ...(next !== undefined && { after: next }) })).executions,
    ).toHaveLength(1);
    expect(failed.executions.map(({ workflow }) => workflow)).toEqual(['counted']);
    expect(metrics).toMatchObject({ totalExecutions: 3, successfulExecutions: 2, failedExecutions: 1 });
    expect(metrics.nodeExecutionTimes).toMatchObject({ double: { count: 2 }, text: { count: 2 }, bad: { count: 1 } });
    expect(metrics.nodeExecutionTimes.never).toBeUndefined();
  });

  it('answers what it cannot take with a problem', async () => {
    const get = async (path: string) => {
      const response = await fetch(stack.url + path);
      const { title } = z.object({ title: z.string() }).parse(await response.json());
      return [response.status, response.headers.get('content-type'), title];
    };
    const problem = 'application/problem+json';

    expect(await get('/executions/unknown/events')).toEqual([404, problem, 'EXECUTION_NOT_FOUND']);
    expect(await get('/executions/unknown/definition')).toEqual([404, problem, 'EXECUTION_NOT_FOUND']);
    for (const path of [
      '/executions?status=DONE',
      '/executions?limit=0',
      '/executions?color=red',
      '/executions?after=x',
      '/executions/unknown/events?waitSeconds=21',
      '/executions/unknown/events?after=x',
      '/workflows/counted/metrics?fromMs=yesterday',
    ]) {
      expect(await get(path)).toEqual([400, problem, 'INVALID_INPUT']);
    }
  });

  it('waits for events only so long', async () => {
    await using executor = new WorkflowExecutor({ endpoint: stack.url });
    const { executionId } = await executor.execute({ ...definition, name: 'waited' }, 1);
    for await (const _event of executor.get(executionId).events());
    const last = (await executor.get(executionId).history()).events.at(-1)?.position;
    const startedMs = performance.now();

    const response = await fetch(`${stack.url}/executions/${executionId}/events?after=${last}&waitSeconds=1`);

    expect(await response.json()).toEqual({ events: [], isOver: false });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
  });
});
