import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { TraceExportProps } from '../../infra/constructs/trace-export.ts';
import { synthesized } from './synthesized.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The variables of OpenTelemetry that each function has, by the function's name, of those that have any. */
function variables(tracing?: TraceExportProps): Record<string, Record<string, string>> {
  const { template, outdir } = synthesized(tracing === undefined ? {} : { tracing });
  folders.push(outdir);
  const functions = Object.entries(template.findResources('AWS::Lambda::Function'));
  const found = functions.map(([id, { Properties }]): [string, Record<string, string>] => {
    const all = Object.entries<string>(Properties.Environment.Variables);
    return [
      id.replace(/^Executor|[0-9A-F]{8}$/g, ''),
      Object.fromEntries(all.filter(([name]) => name.startsWith('OTEL_'))),
    ];
  });
  return Object.fromEntries(found.filter(([, own]) => Object.keys(own).length > 0));
}

describe('the export of spans', () => {
  it('is in no function unless it is asked for', () => {
    expect(variables()).toEqual({});
  });

  it('refuses an address that is no URL, before a function fails for it', () => {
    expect(() => synthesized({ tracing: { otlpEndpoint: 'collector:4318' } })).toThrow(
      /no http\(s\) URL: 'collector:4318'/,
    );
  });

  it('is the observer’s affair; the API knows that there is one, and nobody else knows what opens the collector', () => {
    const tracing = {
      otlpEndpoint: 'https://collector.example.com:4318',
      headers: { authorization: 'Bearer a,b=c', 'x-team': 'orders' },
      serviceName: 'orders',
    };

    expect(variables(tracing)).toEqual({
      ApiFunction: { OTEL_EXPORTER_OTLP_ENDPOINT: tracing.otlpEndpoint },
      Observer: {
        OTEL_EXPORTER_OTLP_ENDPOINT: tracing.otlpEndpoint,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%2Cb%3Dc,x-team=orders',
        OTEL_SERVICE_NAME: 'orders',
      },
    });
  });
});
