import type { CallerSpan } from './execution-trace.ts';

/** The span that is active here, if an application's own OpenTelemetry has one. */
export async function activeSpan(): Promise<CallerSpan | undefined> {
  const { context, isSpanContextValid, trace, TraceFlags } = await import('@opentelemetry/api');
  const span = trace.getSpanContext(context.active());
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = span;
  return { traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0, state: traceState?.serialize() };
}

/** The same as the headers of W3C Trace Context; none if no span is active. */
export async function activeSpanHeaders(): Promise<Readonly<Record<string, string>>> {
  const { context, defaultTextMapSetter, trace } = await import('@opentelemetry/api');
  if (trace.getSpanContext(context.active()) === undefined) return {};
  const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
  const headers: Record<string, string> = {};
  // Not the propagator that the application has registered: this is what the API reads.
  new W3CTraceContextPropagator().inject(context.active(), headers, defaultTextMapSetter);
  return headers;
}
