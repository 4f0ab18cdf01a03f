import { ExportResultCode } from '@opentelemetry/core';
import { InMemorySpanExporter, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { WorkflowExecutorOptions } from '../../shared/executor/executor-options.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { aDefinition } from './factories.ts';

type Nodes = { readonly [id: string]: Json };

/** A local executor on virtual time, whose spans are kept. */
export function aTracedExecutor(
  options: Omit<WorkflowExecutorOptions, 'clock'> & { clock?: VirtualClock; exporter?: SpanExporter } = {},
) {
  const kept = new InMemorySpanExporter();
  const { clock = new VirtualClock(), exporter = answeringAtOnce(kept), ...rest } = options;
  const executor = new WorkflowExecutor({
    tracing: { exporter },
    config: { traceExecution: true },
    random: () => 0.5,
    ...rest,
    clock,
  });

  /** Waits for a promise while time goes on. */
  const ended = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const watched = promise.finally(() => {
      isOver = true;
    });
    watched.catch(() => undefined);
    await clock.runUntil(() => isOver, 86_400_000);
    return watched;
  };

  return {
    clock,
    executor,
    ended,
    execute: (nodes: Nodes, input: Json = null, overrides: Nodes = {}) =>
      ended(executor.execute(aDefinition(nodes, overrides) as never as DefinitionInput, input as never)),
    /** What was exported so far, by when it began; of what began together the longest first. */
    async spans(): Promise<ReadableSpan[]> {
      await clock.pass(2_000);
      return kept
        .getFinishedSpans()
        .toSorted(
          (a, b) => millisOf(a.startTime) - millisOf(b.startTime) || millisOf(b.duration) - millisOf(a.duration),
        );
    },
    close: () => ended(executor.close()),
  };
}

/** In virtual time: the exporter in memory answers by a timer of real time. */
const answeringAtOnce = (exporter: InMemorySpanExporter): SpanExporter => ({
  export: (spans, answer) => {
    exporter.export(spans, () => undefined);
    answer({ code: ExportResultCode.SUCCESS });
  },
  shutdown: () => exporter.shutdown(),
});

// What tracing loads with a first span takes real time, which virtual time would not wait for.
await using warmUp = new WorkflowExecutor({
  tracing: { exporter: new InMemorySpanExporter() },
  handlers: [defineNode({ type: 'warm-up', execute: () => null })],
});
await warmUp.execute({ name: 'warm-up', config: { traceExecution: true }, nodes: { a: { handler: 'warm-up' } } }, null);

export const millisOf = ([seconds, nanos]: ReadableSpan['startTime']): number => seconds * 1_000 + nanos / 1e6;

/** A span as a test compares it. */
export const essence = ({ name, attributes, status, parentSpanContext, ...span }: ReadableSpan) => ({
  name,
  id: span.spanContext().spanId,
  traceId: span.spanContext().traceId,
  parent: parentSpanContext?.spanId,
  attributes,
  status,
});

export const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`No span ${name} among ${spans.map((span) => span.name).join(', ')}`);
  return found;
};

export const idOf = (span: ReadableSpan): string => span.spanContext().spanId;
