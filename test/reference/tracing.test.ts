import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { inject, it } from 'vitest';
import bloodSample from '../../examples/reference/tracing.ts';
import { readSpans } from '../support/otlp-collector.ts';
import { onBothTwins } from './twins.ts';

const collectorUrl = inject('collectorUrl');
/** Of the local twin; the stack has its own, to the same collector. */
const tracing = { exporter: new OTLPTraceExporter({ url: `${collectorUrl}/v1/traces` }) };

/** The spans of a trace that came so far, without those of requests to an API. */
const spansOf = async (traceId: string | undefined) =>
  (await readSpans(collectorUrl)).filter((span) => span.traceId === traceId && !span.name.startsWith('POST '));

onBothTwins((twin) => {
  it('makes one trace: a span for the execution, and under it one for each attempt at a node', async ({ expect }) => {
    await using executor = twin.open({ tracing });

    const { traceId } = await executor.execute(bloodSample, { patient: 'Ada', millilitres: 1 });

    await expect.poll(() => spansOf(traceId), { timeout: 20_000 }).toHaveLength(4);
    const spans = await spansOf(traceId);
    const execution = spans.find(({ name }) => name === 'execution');
    const nodes = spans.filter(({ name }) => name !== 'execution');
    expect(nodes.map(({ name, attributes }) => [name, attributes.attempt, attributes.success]).toSorted()).toEqual([
      ['node_analyse', 1, true],
      ['node_centrifuge', 1, false],
      ['node_centrifuge', 2, true],
    ]);
    for (const { parentSpanId } of nodes) expect(parentSpanId).toBe(execution?.spanId);
  });

  it('says of a node its type and the sizes of what came in and went out, and no value', async ({ expect }) => {
    await using executor = twin.open({ tracing });
    const sample = { patient: 'Zoë', millilitres: 4 };

    const { traceId } = await executor.execute(bloodSample, sample);

    await expect.poll(() => spansOf(traceId), { timeout: 20_000 }).toHaveLength(3);
    const spans = await spansOf(traceId);
    expect(spans.find(({ name }) => name === 'node_centrifuge')?.attributes).toMatchObject({
      node_type: 'task',
      input_size: Buffer.byteLength(JSON.stringify(sample)),
      output_size: Buffer.byteLength(JSON.stringify({ plasma: 2.2 })),
      success: true,
      attempt: 1,
    });
    expect(JSON.stringify(spans)).not.toContain('Zoë');
  });

  it('is exported of an execution that fails, too', async ({ expect }) => {
    await using executor = twin.open({ tracing });
    const definition = {
      name: 'failing-and-traced',
      config: { traceExecution: true },
      nodes: { only: { handler: 'lab.centrifuge' } },
    };

    const result = await executor.execute(definition, { patient: 'Ada', millilitres: 1 });

    await expect.poll(() => spansOf(result.traceId), { timeout: 20_000 }).toHaveLength(2);
    expect(result.status).toBe('FAILED');
    for (const { attributes, status } of await spansOf(result.traceId))
      expect({ success: attributes.success, status }).toEqual({
        success: false,
        status: { code: 2, message: 'TooLittle' },
      });
  });

  it('is off unless it is asked for', async ({ expect }) => {
    await using executor = twin.open({ tracing });

    const result = await executor.execute(
      bloodSample,
      { patient: 'Ada', millilitres: 4 },
      { config: { traceExecution: false } },
    );

    expect(result).toMatchObject({ status: 'SUCCEEDED', traceId: undefined });
  });
});
