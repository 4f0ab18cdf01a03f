import { context, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ExportResultCode, hrTimeDuration, millisToHrTime, suppressTracing } from '@opentelemetry/core';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { SendSpans } from './span-export.ts';
import type { Span } from './to-spans.ts';

const SCOPE = { name: 'fanjoin' };

/**
 * Sends spans by any exporter of OpenTelemetry.
 * @param serviceName default `OTEL_SERVICE_NAME`, else `fanjoin`; `OTEL_RESOURCE_ATTRIBUTES` are added
 */
export function sendBy(exporter: SpanExporter, serviceName?: string): SendSpans {
  const resource = resourceFromAttributes({ 'service.name': 'fanjoin' })
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(serviceName === undefined ? null : resourceFromAttributes({ 'service.name': serviceName }));
  return (spans) =>
    new Promise((resolve, reject) => {
      // What the exporter does is nobody's span.
      context.with(suppressTracing(context.active()), () =>
        exporter.export(
          spans.map((span) => toReadable(span, resource)),
          ({ code, error }) =>
            code === ExportResultCode.SUCCESS ? resolve() : reject(error ?? new Error('The exporter gave no reason')),
        ),
      );
    });
}

function toReadable(span: Span, resource: Resource): ReadableSpan {
  const { traceId, spanId, parentSpanId, errorName } = span;
  const contextOf = (id: string): SpanContext => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
  const own = contextOf(spanId);
  const startTime = millisToHrTime(span.startMs);
  // Machines do not share a clock.
  const endTime = millisToHrTime(Math.max(span.startMs, span.endMs));
  return {
    name: span.name,
    kind: SpanKind[span.kind],
    spanContext: () => own,
    ...(parentSpanId !== undefined && { parentSpanContext: { ...contextOf(parentSpanId), isRemote: true } }),
    links: span.links.map((id) => ({ context: contextOf(id) })),
    startTime,
    endTime,
    duration: hrTimeDuration(startTime, endTime),
    status:
      errorName === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: errorName },
    attributes: Object.fromEntries(
      Object.entries({ ...span.attributes, 'error.type': errorName }).filter(([, value]) => value !== undefined),
    ),
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
