import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import { SpanExport } from './span-export.ts';

export interface TracingOptions {
  /** Any exporter of OpenTelemetry. It stays yours: `close()` does not shut it down. */
  readonly exporter: SpanExporter;
  /** Default `OTEL_SERVICE_NAME`, else `fanjoin`. */
  readonly serviceName?: string;
}

export const exportBy = (
  { exporter, serviceName }: TracingOptions,
  parts: { readonly clock: Clock; readonly logger: Logger },
): SpanExport =>
  new SpanExport({
    // Only with a first span: it takes OpenTelemetry's SDK along.
    load: async () => (await import('./opentelemetry.ts')).sendBy(exporter, serviceName),
    ...parts,
  });
