import { Token } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FanjoinError } from '../../shared/errors.ts';

/** Where the spans of executions with `traceExecution` go. */
export interface TraceExportProps {
  /** A collector's address for OTLP over HTTP, without the path: `https://collector.example.com:4318`. */
  readonly otlpEndpoint: string;
  /** Sent with each request. Whoever may see the observer's configuration can read them. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default `fanjoin` */
  readonly serviceName?: string;
}

/**
 * Tells the observer where spans go, and what starts executions that there is somebody to trace for. No other function needs to know: an
 * execution that is traced says so itself.
 * @throws {FanjoinError} `INVALID_ENDPOINT`
 */
export function exportTraces(
  { otlpEndpoint, headers, serviceName }: TraceExportProps,
  { starters, observer }: { readonly starters: readonly LambdaFunction[]; readonly observer: LambdaFunction },
): void {
  if (!Token.isUnresolved(otlpEndpoint) && !/^https?:\/\/[^/]/.test(otlpEndpoint)) {
    throw new FanjoinError(
      'INVALID_ENDPOINT',
      `The collector's address is no http(s) URL: '${otlpEndpoint}'. It looks like https://collector.example.com:4318`,
    );
  }
  for (const user of [...starters, observer]) user.addEnvironment('OTEL_EXPORTER_OTLP_ENDPOINT', otlpEndpoint);
  if (headers !== undefined) observer.addEnvironment('OTEL_EXPORTER_OTLP_HEADERS', headerList(headers));
  if (serviceName !== undefined) observer.addEnvironment('OTEL_SERVICE_NAME', serviceName);
}

/** As OpenTelemetry reads it. What is known only at the deployment cannot be encoded before. */
const headerList = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}=${Token.isUnresolved(value) ? value : encodeURIComponent(value)}`)
    .join(',');
