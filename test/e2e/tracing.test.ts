import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { context, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { registerAsyncContext, underSpan } from '../support/async-context.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack, request } from '../support/local-stack.ts';
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp-collector.ts';

const config = { traceExecution: true };
const CALLER: SpanContext = {
  traceId: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  spanId: 'bbbbbbbbbbbbbbbb',
  traceFlags: TraceFlags.SAMPLED,
};

describe.skipIf(!canRunEmulators())('tracing on the functions', () => {
  let collector: Collector;
  let stack: LocalStack;
  let lines: string[];
  beforeAll(async () => {
    registerAsyncContext();
    collector = await startCollector();
    ({ stack, lines } = await aLocalStack({
      handlersEntry: join(import.meta.dirname, '../support/tracing-handlers.ts'),
      tracing: { otlpEndpoint: collector.url, headers: { 'x-key': 'a b' }, serviceName: 'orders' },
    }));
  });
  afterAll(async () => {
    await stack?.stop();
    await collector?.[Symbol.asyncDispose]();
    context.disable();
  });

  /** Runs a workflow, and waits for the spans it must have. */
  async function traced(definition: DefinitionInput, expected: number) {
    await using executor = new WorkflowExecutor(stack.connection);
    const result = await executor.execute(definition, { card: '4111-1111' });
    const own = () => collector.spans.filter(({ traceId }) => traceId === result.traceId);
    await expect.poll(() => own().length, { timeout: 20_000 }).toBe(expected);
    const named = (name: string): CollectedSpan | undefined => own().find((span) => span.name === name);
    return { result, spans: own(), named };
  }

  it('is one trace from the client over the API and the execution to the handler in its runner', async () => {
    const definition: DefinitionInput = {
      name: 'traced',
      config,
      nodes: { a: { handler: 'span' }, b: { handler: 'flaky', dependsOn: ['a'], retry: { maxRetries: 1 } } },
    };

    const { result, spans, named } = await underSpan(CALLER, () => traced(definition, 5));

    expect(result).toMatchObject({ status: 'SUCCEEDED', traceId: CALLER.traceId });
    const [api, execution, a] = [named('POST /executions'), named('execution'), named('node_a')];
    expect(api).toMatchObject({ parentSpanId: CALLER.spanId, kind: 2, service: 'orders' });
    expect(execution).toMatchObject({ parentSpanId: api?.spanId, attributes: { success: true, 'fanjoin.nodes': 2 } });
    expect(a).toMatchObject({
      parentSpanId: execution?.spanId,
      kind: 5,
      attributes: { node_type: 'task', attempt: 1, success: true, input_size: '{"card":"4111-1111"}'.length },
    });
    expect(result.context.nodeResults.a?.output).toBe(a?.spanId);
    const attempts = spans.filter(({ name }) => name === 'node_b');
    expect(attempts.map(({ attributes }) => [attributes.attempt, attributes.success]).toSorted()).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(collector.headers()['x-key']).toBe('a b');
  });

  it('is exported of a failure, by the name of its error and without a value', async () => {
    const definition: DefinitionInput = { name: 'failing', config, nodes: { a: { handler: 'fail' } } };

    const { result, spans, named } = await traced(definition, 3);

    expect(result).toMatchObject({ status: 'FAILED', traceId: named('execution')?.traceId });
    expect(named('POST /executions')?.parentSpanId).toBeUndefined();
    for (const name of ['execution', 'node_a']) {
      expect(named(name)).toMatchObject({ attributes: { success: false }, status: { code: 2, message: 'TypeError' } });
    }
    expect(JSON.stringify(spans)).not.toContain('4111');
  });

  it('is of executions only that ask for it, and disturbs none', async () => {
    const before = collector.spans.length;
    await using executor = new WorkflowExecutor(stack.connection);

    const result = await executor.execute({ name: 'untraced', nodes: { a: { handler: 'span' } } }, null);

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: null, traceId: undefined });
    await expect.poll(async () => (await executor.get(result.executionId).history()).isOver).toBe(true);
    expect(collector.spans.length).toBe(before);
    expect(lines.filter((line) => /"level":"error"/.test(line))).toEqual([]);
  });

  it('takes a request whose traceparent is none as one without', async () => {
    const definition = { name: 'odd', config, nodes: { a: { handler: 'span' } } };
    const started = await request(stack, 'POST', '/executions', { definition }, { traceparent: '00-nothing-01' });
    const { executionId } = started.body as { executionId: string };

    const { body } = await request(stack, 'GET', `/executions/${executionId}`);

    expect(body).toMatchObject({ traceId: expect.stringMatching(/^(?!a{32})[0-9a-f]{32}$/) });
  });
});

describe.skipIf(!canRunEmulators())('tracing to a collector that never answers', () => {
  it('changes nothing for executions, their history and their metrics', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { stack, lines } = await aLocalStack({
      handlersEntry: join(import.meta.dirname, '../support/tracing-handlers.ts'),
      tracing: { otlpEndpoint: `http://127.0.0.1:${port}` },
    });
    try {
      await using executor = new WorkflowExecutor(stack.connection);

      const result = await executor.execute({ name: 'silent', config, nodes: { a: { handler: 'span' } } }, null);

      expect(result.status).toBe('SUCCEEDED');
      const handle = executor.get(result.executionId);
      await expect.poll(async () => (await handle.history()).isOver, { timeout: 20_000 }).toBe(true);
      await expect
        .poll(() => lines.filter((line) => line.includes('spans could not be exported')).length, { timeout: 20_000 })
        .toBe(1);
    } finally {
      await stack.stop();
      silent.close();
    }
  });
});
