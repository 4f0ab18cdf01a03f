import { context, createTraceState, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerOf } from '../../../functions/api/caller.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { activeSpanHeaders } from '../../../shared/tracing/active-span.ts';
import { registerAsyncContext, underSpan } from '../../support/async-context.ts';
import { aMap, aTask } from '../../support/factories.ts';
import { aTracedExecutor, essence, idOf, named } from '../../support/traced-executor.ts';

const CALLER: SpanContext = {
  traceId: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  spanId: 'bbbbbbbbbbbbbbbb',
  traceFlags: TraceFlags.SAMPLED,
  traceState: createTraceState('vendor=1'),
};

/** Notes which span is active when it is called, and after it has waited. */
function aWatcher() {
  const seen: (SpanContext | undefined)[] = [];
  const watch = defineNode({
    type: 'watch',
    execute: async () => {
      seen.push(trace.getSpanContext(context.active()));
      await Promise.resolve();
      seen.push(trace.getSpanContext(context.active()));
    },
  });
  return { watch, seen };
}

beforeAll(() => void registerAsyncContext());
afterAll(() => context.disable());

describe('a traced execution', () => {
  it('is part of the trace of the span that is active where it is asked for', async () => {
    const { watch } = aWatcher();
    const { execute, spans, close } = aTracedExecutor({ handlers: [watch] });

    const result = await underSpan(CALLER, () => execute({ a: aTask({ handler: 'watch' }) }));
    const exported = await spans();

    expect(result.traceId).toBe(CALLER.traceId);
    expect(exported.map((span) => span.spanContext().traceId)).toEqual([CALLER.traceId, CALLER.traceId]);
    expect(essence(named(exported, 'execution')).parent).toBe(CALLER.spanId);
    await close();
  });

  it('has its node’s span active while a handler runs, over awaits, with the state the caller passed on', async () => {
    const { watch, seen } = aWatcher();
    const { execute, spans, close } = aTracedExecutor({ handlers: [watch] });

    await underSpan(CALLER, () => execute({ m: aMap({ handler: 'watch', chunkSize: 2 }) }, [1, 2]));
    const chunk = (await spans()).find(({ attributes }) => attributes['fanjoin.chunk'] === 0);

    expect(seen.map((span) => span?.spanId)).toEqual(Array(4).fill(chunk && idOf(chunk)));
    expect(seen[0]?.traceState?.serialize()).toBe('vendor=1');
    await close();
  });

  it('has spans that a handler makes with its own tracer under that of its node', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const own = defineNode({
      type: 'own',
      execute: () => provider.getTracer('application').startActiveSpan('its own', (span) => span.end()),
    });
    const { execute, spans, close } = aTracedExecutor({ handlers: [own] });

    await execute({ a: aTask({ handler: 'own' }) });

    const [made] = exporter.getFinishedSpans();
    expect(made?.spanContext().traceId).toBe(named(await spans(), 'node_a').spanContext().traceId);
    expect(made?.parentSpanContext?.spanId).toBe(idOf(named(await spans(), 'node_a')));
    await close();
    await provider.shutdown();
  });

  it('that its caller did not sample is not exported, and goes on not to be in what handlers call', async () => {
    const { watch, seen } = aWatcher();
    const { execute, spans, close } = aTracedExecutor({ handlers: [watch] });

    const result = await underSpan({ ...CALLER, traceFlags: TraceFlags.NONE }, () =>
      execute({ a: aTask({ handler: 'watch' }) }),
    );

    expect(result.traceId).toBe(CALLER.traceId);
    expect(seen[0]).toMatchObject({ traceId: CALLER.traceId, traceFlags: TraceFlags.NONE });
    expect(await spans()).toEqual([]);
    await close();
  });
});

describe('a request to the API', () => {
  const TRACEPARENT = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
  const callerWith = (headers: Record<string, string>) =>
    callerOf({ headers, requestContext: { timeEpoch: 1_000 } as never });

  it('tells of the span that is active at its client', async () => {
    const headers = await underSpan(CALLER, () => activeSpanHeaders());

    expect(headers).toEqual({ traceparent: TRACEPARENT, tracestate: 'vendor=1' });
    expect(callerWith({ ...headers })).toEqual({
      receivedAtMs: 1_000,
      span: { traceId: CALLER.traceId, spanId: CALLER.spanId, isSampled: true, state: 'vendor=1' },
    });
  });

  it('has no such headers where no span is active', async () => {
    expect(await activeSpanHeaders()).toEqual({});
  });

  it.each([
    ['nothing', undefined],
    ['what is no traceparent', 'hello'],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${CALLER.spanId}-01`],
    ['a span of zeros', `00-${CALLER.traceId}-${'0'.repeat(16)}-01`],
    ['a version that cannot be', `ff-${CALLER.traceId}-${CALLER.spanId}-01`],
    ['more than version 00 has', `${TRACEPARENT}-more`],
  ])('with %s as its parent has none', (_what, traceparent) => {
    expect(callerWith(traceparent === undefined ? {} : { traceparent })).toEqual({ receivedAtMs: 1_000 });
  });

  it('takes the nearest of two parents, and what its sampling says', () => {
    const { span } = callerWith({
      traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01,${TRACEPARENT.slice(0, -1)}0`,
    });

    expect(span).toMatchObject({ traceId: CALLER.traceId, isSampled: false });
  });

  it('passes on no more state than it has to', () => {
    expect(callerWith({ traceparent: TRACEPARENT, tracestate: `a=${'x'.repeat(600)}` }).span?.state).toBeUndefined();
  });
});
