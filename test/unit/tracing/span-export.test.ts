import { ExportResultCode } from '@opentelemetry/core';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import type { ChangeRecord } from '../../../shared/ports/change-feed.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { type SendSpans, SpanExport } from '../../../shared/tracing/span-export.ts';
import type { Span } from '../../../shared/tracing/to-spans.ts';
import { aTask } from '../../support/factories.ts';
import { aChange, aResult } from '../../support/factories-observability.ts';
import { aTracedExecutor } from '../../support/traced-executor.ts';

const TRACE = { traceId: 'a'.repeat(32), nodeType: 'task', queueDelayMs: 0 };
const aTraced = (node: string): ChangeRecord => aChange({ ...aResult({ node }), trace: TRACE });

function aBench(send: SendSpans) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const logger = new Logger({ write: (line) => lines.push(line) });
  const sent: (readonly Span[])[] = [];
  const spans = new SpanExport({
    load: async () => async (batch) => {
      sent.push(batch);
      await send(batch);
    },
    clock,
    logger,
  });
  /** How long a flush of at most a second takes, in virtual time. */
  const flush = async (): Promise<number> => {
    const startedAtMs = clock.nowMs();
    let isOver = false;
    void spans.flush(1_000).then(() => {
      isOver = true;
    });
    await clock.runUntil(() => isOver, 60_000);
    return clock.nowMs() - startedAtMs;
  };
  return { clock, lines, sent, spans, flush };
}

const never = () => new Promise<never>(() => undefined);
const works = async () => undefined;

describe('the export of spans', () => {
  it('goes on by itself within a second, and waits for more until then', async () => {
    const { clock, sent, spans } = aBench(works);

    spans.hear([aTraced('a')]);
    await clock.pass(500);
    spans.hear([aTraced('b')]);
    await clock.pass(500);

    expect(sent.map((batch) => batch.map(({ name }) => name))).toEqual([['node_a', 'node_b']]);
  });

  it('of many spans is in batches, one after another', async () => {
    let atWork = 0;
    const { sent, spans, flush } = aBench(async () => {
      expect(++atWork).toBe(1);
      await Promise.resolve();
      atWork--;
    });

    spans.hear(Array.from({ length: 1_000 }, (_, n) => aTraced(`n${n}`)));
    await flush();

    expect(sent.map(({ length }) => length)).toEqual([512, 488]);
  });

  it('is done without a timer where nothing is traced', async () => {
    const { clock, sent, spans, flush } = aBench(works);

    spans.hear([aChange(aResult())]);
    const tookMs = await flush();
    await clock.pass(10_000);

    expect({ tookMs, sent }).toEqual({ tookMs: 0, sent: [] });
  });

  it('that fails is logged once, until it works again', async () => {
    let isBroken = true;
    const { lines, spans, flush } = aBench(async () => {
      if (isBroken) throw new Error('no collector');
    });
    const hearAndFlush = async (broken: boolean) => {
      isBroken = broken;
      spans.hear([aTraced('a')]);
      await flush();
    };

    await hearAndFlush(true);
    await hearAndFlush(true);
    expect(lines).toEqual([expect.stringContaining('no collector')]);
    await hearAndFlush(false);
    await hearAndFlush(true);
    expect(lines).toHaveLength(2);
  });

  it('that hangs keeps nobody waiting a second time, and is logged once', async () => {
    const { lines, spans, flush } = aBench(never);

    spans.hear([aTraced('a')]);
    expect(await flush()).toBe(1_000);
    spans.hear([aTraced('b')]);
    expect(await flush()).toBe(0);

    expect(lines).toEqual([expect.stringContaining('has not answered within 1000 ms')]);
  });

  it('that hangs is tried again after half a minute, with what came meanwhile', async () => {
    let isHanging = true;
    const { clock, sent, spans, flush } = aBench(() => (isHanging ? never() : works()));
    spans.hear([aTraced('a')]);
    await flush();
    spans.hear([aTraced('b')]);

    isHanging = false;
    await clock.pass(30_000);

    expect(sent.map((batch) => batch.map(({ name }) => name))).toEqual([['node_a'], ['node_b']]);
  });

  it('keeps no more than it can bear while the exporter hangs', async () => {
    const { clock, sent, spans, flush } = aBench(never);
    spans.hear([aTraced('first')]);
    await flush();

    spans.hear(Array.from({ length: 30_000 }, (_, n) => aTraced(`n${n}`)));
    await clock.pass(3_600_000);

    expect(sent.flat()).toHaveLength(20_001);
  });

  it('of a change that cannot be read is logged, and the others go on', async () => {
    const { lines, sent, spans, flush } = aBench(works);

    spans.hear([aChange({ ...aResult(), trace: 'broken' }), aTraced('b')]);
    await flush();

    expect(sent.flat().map(({ name }) => name)).toEqual(['node_b']);
    expect(lines).toEqual([expect.stringContaining('change cannot be traced')]);
  });
});

describe('an execution whose exporter', () => {
  const once = defineNode({ type: 'once', execute: () => 'done' });
  const exporterThat = (exports: SpanExporter['export']): SpanExporter => ({
    export: exports,
    shutdown: () => Promise.resolve(),
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['refuses', (_spans, answer) => answer({ code: ExportResultCode.FAILED })],
    ['hangs', () => undefined],
  ] satisfies [string, SpanExporter['export']][])('%s ends as without it', async (_what, exports) => {
    const { execute, close } = aTracedExecutor({ handlers: [once], exporter: exporterThat(exports) });

    const result = await execute({ a: aTask({ handler: 'once' }) });

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: 'done' });
    await close();
  });
});
