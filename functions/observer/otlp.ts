import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { sendBy } from '../../shared/tracing/opentelemetry.ts';

/** By the variables of OpenTelemetry: where to, with what headers, under which name. */
export const sendByOtlp = sendBy(new OTLPTraceExporter());
